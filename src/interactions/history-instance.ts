/** @see https://hl7.org/fhir/R4/http.html#history */
import { notFound } from '../model/error.ts';
import type { InteractionContext } from './context.ts';
import { historyPage } from './history/history-bundle.ts';
import { keyOf } from './read.ts';
import type { FhirRequest, FhirResponse } from './request.ts';

/** All versions of one resource, deletions too. 404 if there never was one. */
export async function historyInstance(request: FhirRequest, context: InteractionContext): Promise<FhirResponse> {
  const { type, id } = keyOf(request);
  const { versions, response } = await historyPage(request, context, { types: [type], id });
  if (versions.length === 0 && !(await context.store.read({ type, id }, request.access))) throw notFound(`there is no ${type}/${id}`);
  return response;
}
