/** @see https://hl7.org/fhir/R4/http.html#history */
import type { InteractionContext } from './context.ts';
import { historyPage } from './history/history-bundle.ts';
import type { FhirRequest, FhirResponse } from './request.ts';

/** All versions of all resources of a type. */
export async function historyType(request: FhirRequest, context: InteractionContext): Promise<FhirResponse> {
  const { response } = await historyPage(request, context, { types: [request.type as string] });
  return response;
}
