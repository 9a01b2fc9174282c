/** A patch that a client sent. */
import { invalidValue, malformed, unsupportedMediaType } from '../../model/error.ts';
import { parseJson } from '../../model/json-text.ts';
import type { InteractionContext } from '../context.ts';
import type { RequestBody } from '../request.ts';
import { applyFhirPathPatch } from './fhirpath-patch.ts';
import { applyJsonPatch } from './json-patch.ts';

export interface Patch {
  /** Takes JSON text of a resource and gives that of the changed one. @throws FhirError 400 or 422 if the patch does not apply */
  readonly apply: (text: string) => string;
  /** True if it asks what the resource holds (a `test`, a path with a condition): whether it applies would tell. */
  readonly asks: () => boolean;
  /** True if the client may not see what it patches: see `unseen-patch.ts`. */
  readonly isUnseen?: boolean;
}

/** @throws FhirError 400 for a broken patch, 415 for a body that is none */
export function readPatch(body: RequestBody | undefined, context: InteractionContext): Patch {
  if (!body || ((body.kind === 'fhir' || body.kind === 'json-patch') && body.text === ''))
    throw malformed('the body is empty; a patch is expected');
  if (body.kind === 'json-patch') return jsonPatch(body.text, context);
  if (body.kind !== 'fhir') throw unsupportedMediaType('a patch is application/json-patch+json, or Parameters as application/fhir+json');
  const tree = body.tree ?? parseJson(body.text, context.limits);
  const type = (tree as { resourceType?: unknown } | null)?.resourceType;
  if (type === 'Binary') return jsonPatch(binaryPatchText(tree as { contentType?: unknown; data?: unknown }), context);
  if (type !== 'Parameters') throw invalidValue('a FHIRPath patch is a Parameters resource', 'resourceType');
  const text = body.text;
  return { apply: (stored) => applyFhirPathPatch(stored, text, context.definitions), asks: () => hasConditions(tree) };
}

function jsonPatch(text: string, context: InteractionContext): Patch {
  const operations = parseJson(text, context.limits);
  // From the text, not the parsed value: the numbers that the patch brings keep their digits.
  return { apply: (stored) => applyJsonPatch(stored, text), asks: () => isTesting(operations) };
}

const isTesting = (operations: unknown) => [operations].flat().some((each) => (each as { op?: unknown } | null)?.op === 'test');

/** "Patient.name[0].given[1]": a place, whatever is there. */
const PLACE = /^[A-Za-z]\w*(?:\[\d+\])?(?:\.[A-Za-z]\w*(?:\[\d+\])?)*$/;

interface PatchParameters {
  readonly parameter?: readonly { readonly part?: readonly { readonly name?: unknown; readonly valueString?: unknown }[] }[];
}

function hasConditions(parameters: unknown): boolean {
  const { parameter } = parameters as PatchParameters;
  const parts = [parameter].flat().flatMap((each) => [each?.part].flat());
  return parts.some((part) => part?.name === 'path' && !PLACE.test(String(part.valueString)));
}

/** In a Bundle a JSON Patch travels as a Binary. @see https://hl7.org/fhir/R4/http.html#jsonpatch-transaction */
function binaryPatchText({ contentType, data }: { contentType?: unknown; data?: unknown }): string {
  if (contentType !== 'application/json-patch+json')
    throw invalidValue('a Binary that patches has contentType application/json-patch+json', 'Binary.contentType');
  if (typeof data !== 'string') throw invalidValue('a Binary that patches has its patch in data', 'Binary.data');
  return Buffer.from(data, 'base64').toString('utf8');
}
