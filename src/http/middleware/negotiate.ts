/**
 * Which format the answer takes: `_format` wins over `Accept`.
 * @see https://hl7.org/fhir/R4/http.html#mime-type
 */
import { onlyValue } from '../../interactions/query-text.ts';
import { invalidValue, notAcceptable } from '../../model/error.ts';

export interface Presentation {
  readonly format: 'json' | 'xml';
  readonly isPretty: boolean;
  /** The client named a FHIR format, so a Binary is sent as a resource. */
  readonly isFhirNamed: boolean;
  /** False if `Accept` has room for no FHIR format; only content of a Binary can then be sent. */
  readonly isFhirAccepted: boolean;
  /** `Accept: text/plain` before any FHIR format: answers of operations can be had as text. */
  readonly isTextWanted?: boolean;
}

export const DEFAULT_PRESENTATION: Presentation = { format: 'json', isPretty: false, isFhirNamed: false, isFhirAccepted: true };
const FHIR_JSON: Presentation = { ...DEFAULT_PRESENTATION, isFhirNamed: true };

/** Names of a format by `_format` or media type. The bare names are for `_format` only. */
const FORMATS: Readonly<Record<string, 'json' | 'xml'>> = {
  json: 'json',
  'application/fhir+json': 'json',
  'application/json+fhir': 'json',
  'application/json': 'json',
  'text/json': 'json',
  xml: 'xml',
  'application/fhir+xml': 'xml',
  'application/xml+fhir': 'xml',
  'application/xml': 'xml',
  'text/xml': 'xml',
};

const CONTROLS = new Set(['_format', '_pretty']);

interface Negotiated {
  readonly presentation: Presentation;
  /** The pairs without those about format. */
  readonly query: readonly (readonly [string, string])[];
}

/** @throws FhirError 406 for a `_format` that can't be made, 400 for a `_pretty` that is no boolean */
export function negotiate(accept: string | undefined, query: readonly (readonly [string, string])[]): Negotiated {
  const accepted = acceptedFormat(accept);
  if (!query.some(([name]) => CONTROLS.has(name))) return { presentation: accepted, query };
  const format = onlyValue(query, '_format');
  const pretty = onlyValue(query, '_pretty');
  if (pretty !== undefined && pretty !== 'true' && pretty !== 'false')
    throw invalidValue(`_pretty is true or false, not "${pretty}"`, '_pretty');
  return {
    presentation: { ...(format === undefined ? accepted : namedFormat(format)), isPretty: pretty === 'true' },
    query: query.filter(([name]) => !CONTROLS.has(name)),
  };
}

function namedFormat(name: string): Presentation {
  // A "+" that nobody escaped arrives as a space.
  const format = FORMATS[mediaType(name).replace(' ', '+')];
  if (!format || !isR4(name))
    throw notAcceptable(`_format=${name} can't be made; application/fhir+json and application/fhir+xml can`, '_format');
  return { ...FHIR_JSON, format };
}

function acceptedFormat(accept: string | undefined): Presentation {
  if (accept === undefined || accept === '*/*' || accept === '') return DEFAULT_PRESENTATION;
  if (accept === 'application/fhir+json') return FHIR_JSON;
  let best = { ...DEFAULT_PRESENTATION, isFhirAccepted: false };
  let bestQuality = 0;
  let textQuality = 0;
  for (const range of accept.split(',')) {
    const quality = qualityOf(range);
    const name = mediaType(range);
    const format = name.includes('/') ? FORMATS[name] : undefined;
    const isWild = name === '*/*' || name === 'application/*';
    if (name === 'text/plain') textQuality = Math.max(textQuality, quality);
    if ((!format && !isWild) || !isR4(range) || quality <= bestQuality) continue;
    bestQuality = quality;
    best = { format: format ?? 'json', isPretty: false, isFhirNamed: name.includes('fhir'), isFhirAccepted: true };
  }
  return textQuality > bestQuality ? { ...best, isTextWanted: true } : best;
}

const mediaType = (range: string): string => (range.split(';', 1)[0] as string).trim().toLowerCase();

function qualityOf(range: string): number {
  const quality = /;\s*q=([^;\s]*)/i.exec(range)?.[1];
  if (quality === undefined) return 1;
  // What is no weight asks for nothing.
  return /^(?:0(?:\.\d*)?|1(?:\.0*)?)$/.test(quality) ? Number(quality) : 0;
}

/** A `fhirVersion` parameter must be R4's. @see https://hl7.org/fhir/R4/http.html#version-parameter */
function isR4(range: string): boolean {
  const version = /;\s*fhirVersion="?([^\s;,"]*)/i.exec(range)?.[1];
  return version === undefined || version === '4.0';
}

/** What a media type of a body means; undefined for a type that is not FHIR's. @throws nothing */
export function bodyFormat(contentType: string): 'json' | 'xml' | undefined {
  const name = mediaType(contentType);
  return name.includes('/') && isR4(contentType) ? FORMATS[name] : undefined;
}
