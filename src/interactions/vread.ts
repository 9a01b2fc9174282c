/** @see https://hl7.org/fhir/R4/http.html#vread */
import { gone, notFound } from '../model/error.ts';
import type { InteractionContext } from './context.ts';
import { keyOf, versionResponse } from './read.ts';
import type { FhirRequest, FhirResponse } from './request.ts';

/** That version, the current one too. A version that says "deleted" is 410. */
export async function vread(request: FhirRequest, context: InteractionContext): Promise<FhirResponse> {
  const key = keyOf(request);
  const number = /^[1-9]\d{0,14}$/.test(request.versionId ?? '') ? Number(request.versionId) : undefined;
  const version = number === undefined ? undefined : await context.store.readVersion(key, number, request.access);
  if (!version) throw notFound(`there is no version ${request.versionId} of ${key.type}/${key.id}`);
  if (version.deleted) throw gone(`version ${request.versionId} of ${key.type}/${key.id} is its deletion`);
  return versionResponse(request, context, version);
}
