/**
 * The resource that a request brings: read, checked, nothing stored yet.
 * @see https://hl7.org/fhir/R4/validation.html
 */
import { invalidResource, invalidValue, malformed, missingValue, unsupportedMediaType } from '../../model/error.ts';
import { parseJson } from '../../model/json-text.ts';
import type { InteractionContext } from '../context.ts';
import type { FhirRequest } from '../request.ts';

export interface IncomingResource {
  readonly type: string;
  /** As received: property order, number lexemes and white space are the client's. */
  readonly text: string;
  /** `JSON.parse` of `text`. */
  readonly tree: Readonly<Record<string, unknown>>;
}

/**
 * The resource in the body, valid and of the type that the URL names.
 * @throws FhirError 400 listing every problem, 415 if the body is no resource
 */
export function readIncoming(request: FhirRequest, context: InteractionContext): IncomingResource {
  const incoming = parseIncoming(request, context);
  validateIncoming(incoming, context, request.type);
  return incoming;
}

/** The resource in the body, of whatever type, not validated. @throws FhirError 400 or 415 */
export function parseIncoming(request: FhirRequest, context: InteractionContext): IncomingResource {
  const { body } = request;
  if (!body || (body.kind === 'fhir' && body.text === '')) throw malformed('the body is empty; a resource is expected');
  if (body.kind === 'raw' && request.type === 'Binary') return incomingOf(binaryText(body.bytes, body.contentType, request), context);
  if (body.kind !== 'fhir') throw unsupportedMediaType('a resource is expected: application/fhir+json or application/fhir+xml');
  return incomingOf(body.text, context, body.tree);
}

/** A resource's text with its tree. @throws FhirError 400 if it is not a JSON object with a `resourceType` that R4 knows */
export function incomingOf(text: string, context: InteractionContext, parsed?: unknown): IncomingResource {
  const tree = parsed ?? parseJson(text, context.limits);
  if (typeof tree !== 'object' || tree === null || Array.isArray(tree)) throw malformed('a resource must be a JSON object');
  const { resourceType } = tree as Record<string, unknown>;
  if (resourceType === undefined) throw missingValue('resourceType is missing', 'resourceType');
  if (typeof resourceType !== 'string' || !context.definitions.isResourceType(resourceType)) {
    throw invalidValue(`${JSON.stringify(resourceType)} is not a resource type of FHIR R4`, 'resourceType');
  }
  return { type: resourceType, text, tree: tree as Record<string, unknown> };
}

/** @throws FhirError 400 listing every problem */
export function validateIncoming(incoming: IncomingResource, context: InteractionContext, expectedType?: string): void {
  if (expectedType !== undefined && incoming.type !== expectedType) {
    throw invalidValue(`the URL names ${expectedType}, the body is a ${incoming.type}`, 'resourceType');
  }
  const errors = context.validator
    .validate(incoming.tree, expectedType)
    .filter(({ severity }) => severity === 'error' || severity === 'fatal');
  if (errors.length > 0) throw invalidResource(errors);
}

/** Raw content as a Binary, with the id that the URL names. @see https://hl7.org/fhir/R4/binary.html#rest */
function binaryText(bytes: Uint8Array, contentType: string, { id, securityContext }: FhirRequest): string {
  const data = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
  return JSON.stringify({
    resourceType: 'Binary',
    id,
    contentType,
    ...(securityContext !== undefined && { securityContext: { reference: securityContext } }),
    data,
  });
}
