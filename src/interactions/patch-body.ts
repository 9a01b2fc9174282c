/** A patch that a client sent, as a function from the stored text to the new one. */
import { invalidValue, malformed, unsupportedMediaType } from '../model/error.ts';
import { parseJson } from '../model/json-text.ts';
import type { InteractionContext } from './context.ts';
import { applyFhirPathPatch } from './patch/fhirpath-patch.ts';
import { applyJsonPatch } from './patch/json-patch.ts';
import type { RequestBody } from './request.ts';

/** Takes JSON text of a resource and gives that of the changed one. @throws FhirError 400 or 422 if the patch does not apply */
export type Patch = (text: string) => string;

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
  return (stored) => applyFhirPathPatch(stored, text, context.definitions);
}

function jsonPatch(text: string, context: InteractionContext): Patch {
  parseJson(text, context.limits);
  // From the text, not the parsed value: the numbers that the patch brings keep their digits.
  return (stored) => applyJsonPatch(stored, text);
}

/** In a Bundle a JSON Patch travels as a Binary. @see https://hl7.org/fhir/R4/http.html#jsonpatch-transaction */
function binaryPatchText({ contentType, data }: { contentType?: unknown; data?: unknown }): string {
  if (contentType !== 'application/json-patch+json')
    throw invalidValue('a Binary that patches has contentType application/json-patch+json', 'Binary.contentType');
  if (typeof data !== 'string') throw invalidValue('a Binary that patches has its patch in data', 'Binary.data');
  return Buffer.from(data, 'base64').toString('utf8');
}
