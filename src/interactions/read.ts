/** @see https://hl7.org/fhir/R4/http.html#read */
import { gone, notFound } from '../model/error.ts';
import type { ResourceVersion } from '../model/resource.ts';
import { binaryContent } from './answer/binary.ts';
import { versionHeaders } from './answer/resource-response.ts';
import { subsetOfRead, subsetText } from './answer/subset.ts';
import type { InteractionContext } from './context.ts';
import { isNotModified } from './preconditions.ts';
import type { FhirRequest, FhirResponse } from './request.ts';
import { isLogicalId } from './route.ts';

/** The current version. Parameters that a read doesn't know are ignored, as R4 allows. */
export async function read(request: FhirRequest, context: InteractionContext): Promise<FhirResponse> {
  const { type, id } = keyOf(request);
  const version = await context.store.read({ type, id }, request.access);
  if (!version) throw notFound(`there is no ${type}/${id}`);
  if (version.deleted) throw gone(`${type}/${id} was deleted`);
  return versionResponse(request, context, version);
}

/** One version as a read answers it: 304 if the client has it, content of a Binary as such, subset as asked. */
export function versionResponse(request: FhirRequest, context: InteractionContext, version: ResourceVersion): FhirResponse {
  const headers = versionHeaders(version);
  if (isNotModified(request, version)) return { status: 304, headers, version };
  if (version.type === 'Binary' && !request.acceptsFhirOnly) return { status: 200, headers, body: binaryContent(version) };
  const subset = request.query.length > 0 ? subsetOfRead(request.query) : undefined;
  const text = subset ? subsetText(context.definitions, version.raw, subset) : version.raw;
  return { status: 200, headers, body: { kind: 'fhir', text }, version };
}

/** Type and id of a route that has both. @throws FhirError 404 for an id that no resource can have: no store is asked for it */
export function keyOf(request: FhirRequest): { readonly type: string; readonly id: string } {
  if (request.type === undefined || request.id === undefined) throw new Error(`${request.interaction} needs a type and an id`);
  if (!isLogicalId(request.id)) throw notFound(`there is no ${request.type}/${request.id}`);
  return { type: request.type, id: request.id };
}
