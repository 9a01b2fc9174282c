/** Takes HTTP off a request. */
import { hash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Principal } from '../access/principal.ts';
import type { Definitions } from '../definitions/definitions.ts';
import { xmlToJson } from '../format/xml.ts';
import { pairsIn } from '../interactions/query-text.ts';
import type { FhirRequest, Preconditions, Preferences, RequestBody } from '../interactions/request.ts';
import type { Route } from '../interactions/route.ts';
import { invalidValue, unsupportedMediaType } from '../model/error.ts';
import { type BodyBounds, bodyText, readBody } from './middleware/body.ts';
import { bodyFormat } from './middleware/negotiate.ts';

/** What a request is aimed at, below the base. */
export interface Target {
  readonly path: string;
  readonly query: readonly (readonly [string, string])[];
}

/** Path and query below `basePath`; undefined if the target is not under it. */
export function targetOf(url: string, basePath: string): Target | undefined {
  if (!url.startsWith(basePath)) return undefined;
  const next = url.charCodeAt(basePath.length);
  if (next === 47) return splitTarget(url.slice(basePath.length + 1));
  return Number.isNaN(next) || next === 63 ? splitTarget(url.slice(basePath.length)) : undefined;
}

function splitTarget(rest: string): Target {
  const mark = rest.indexOf('?');
  if (mark < 0) return { path: rest, query: [] };
  return { path: rest.slice(0, mark), query: pairsIn(rest.slice(mark)) };
}

export interface BodyLimits {
  readonly maxBodyBytes: number;
  /** For Bundles and parameters of operations. */
  readonly maxBundleBytes: number;
}

/** A form says what to search: parameters, not records. */
const MAX_FORM_BYTES = 1024 * 1024;

/** The body as the route means it; undefined if there is none. @throws FhirError 400, 413 or 415 */
export async function readRequestBody(
  incoming: IncomingMessage,
  route: Route,
  limits: BodyLimits,
  definitions: Definitions,
  take?: BodyBounds['take'],
): Promise<ReceivedBody> {
  const { headers } = incoming;
  const isSearch = route.interaction.startsWith('search-');
  const isBundle = route.interaction === 'batch' || route.interaction === 'operation' || route.type === 'Bundle';
  const maxBytes = isSearch ? MAX_FORM_BYTES : isBundle ? limits.maxBundleBytes : limits.maxBodyBytes;
  const bytes = await readBody(incoming, { maxBytes, take });
  // The part would be stored as the whole. @see https://www.rfc-editor.org/rfc/rfc9110#section-14.5
  if (headers['content-range'] !== undefined) throw invalidValue('a body comes whole, not in ranges', 'http.Content-Range');
  const contentType = headers['content-type'];
  if (bytes.length === 0) return { bytes, body: undefined };
  if (contentType === undefined) throw unsupportedMediaType('the request has a body and no Content-Type');
  return { bytes, body: bodyOf(bytes, contentType, route, definitions) };
}

interface ReceivedBody {
  readonly bytes: Buffer;
  readonly body: RequestBody | undefined;
}

function bodyOf(bytes: Buffer, contentType: string, route: Route, definitions: Definitions): RequestBody {
  const name = (contentType.split(';', 1)[0] as string).trim().toLowerCase();
  checkCharset(contentType);
  if (route.type === 'Binary' && isContent(name, bytes, route)) {
    if (!name.includes('/')) throw unsupportedMediaType(`"${contentType}" is not a media type`);
    return { kind: 'raw', bytes, contentType };
  }
  if (name === 'application/json-patch+json') return { kind: 'json-patch', text: bodyText(bytes) };
  if (name === 'application/x-www-form-urlencoded') return { kind: 'form', pairs: pairsIn(bodyText(bytes)) };
  const format = bodyFormat(contentType);
  if (!format) throw unsupportedMediaType(`a body of type "${contentType}" can't be read here`);
  const text = bodyText(bytes);
  return { kind: 'fhir', text: format === 'xml' ? xmlToJson(definitions, text) : text };
}

function checkCharset(contentType: string): void {
  const charset = /;\s*charset="?([^\s;"]+)/i.exec(contentType)?.[1]?.toLowerCase();
  if (charset !== undefined && charset !== 'utf-8' && charset !== 'utf8' && /json|xml|urlencoded/.test(contentType)) {
    throw unsupportedMediaType(`charset ${charset} is not taken; FHIR is UTF-8`);
  }
}

/** A Binary's content, not a Binary resource. Plain JSON and XML are the resource only if they say so. */
function isContent(name: string, bytes: Buffer, route: Route): boolean {
  if (route.interaction !== 'create' && route.interaction !== 'update') return false;
  if (name.includes('fhir+') || name.includes('+fhir')) return false;
  if (bodyFormat(name) === undefined) return true;
  const start = bytes.subarray(0, 2000).toString('utf8');
  return !/"resourceType"\s*:\s*"Binary"|<Binary\b[^>]*http:\/\/hl7\.org\/fhir/.test(start);
}

/** Conditions as the headers state them. */
export function preconditionsOf(incoming: Pick<IncomingMessage, 'headers' | 'headersDistinct'>): Preconditions {
  const { headers } = incoming;
  return {
    ifMatch: headers['if-match'],
    ifNoneMatch: headers['if-none-match'],
    ifModifiedSince: headers['if-modified-since'],
    ifUnmodifiedSince: headers['if-unmodified-since'],
    // Node joins headers with commas, which here would be alternatives.
    ifNoneExist: headers['if-none-exist'] === undefined ? undefined : single(incoming.headersDistinct['if-none-exist']),
  };
}

const single = (header: string | string[] | undefined): string | undefined => (Array.isArray(header) ? header.join('&') : header);

const NO_PREFERENCES: Preferences = {};
const RETURN = /(?:^|[,;\s])return\s*=\s*("?)(minimal|representation|OperationOutcome)\1(?=[,;\s]|$)/;
const HANDLING = /(?:^|[,;\s])handling\s*=\s*("?)(strict|lenient)\1(?=[,;\s]|$)/;
const RESPOND_ASYNC = /(?:^|[,;\s])respond-async(?=[,;\s]|$)/;

/** @see https://hl7.org/fhir/R4/http.html#ops. Preferences that R4 doesn't know are ignored, as RFC 7240 wants. */
export function preferencesOf(header: string | string[] | undefined): Preferences {
  if (header === undefined) return NO_PREFERENCES;
  const text = Array.isArray(header) ? header.join(',') : header;
  return {
    return: RETURN.exec(text)?.[2] as Preferences['return'],
    handling: HANDLING.exec(text)?.[2] as Preferences['handling'],
    respondAsync: RESPOND_ASYNC.test(text) || undefined,
  };
}

/** Hashes that make a POST repeatable. @throws FhirError 400 for a key that is empty or longer than 255 characters */
export function idempotencyOf(
  header: string | string[] | undefined,
  { client, subject, patient = '' }: Principal,
  method: string,
  url: string,
  bytes: Buffer,
): FhirRequest['idempotency'] {
  if (header === undefined || method !== 'POST') return undefined;
  const key = single(header) as string;
  if (key.length === 0 || key.length > 255) throw invalidValue('Idempotency-Key must have 1 to 255 characters', 'http.Idempotency-Key');
  const bodyHash = hash('sha1', Buffer.concat([Buffer.from(`${method} ${url}\n`), bytes]), 'hex');
  return { key: hash('sha1', `${client}\n${subject}\n${patient}\n${key}`, 'hex'), bodyHash };
}
