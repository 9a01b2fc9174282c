/** @see https://hl7.org/fhir/R4/http.html#history */
import type { InteractionContext } from './context.ts';
import { historyPage } from './history/history-bundle.ts';
import type { FhirRequest, FhirResponse } from './request.ts';

/** All versions of everything. */
export async function historySystem(request: FhirRequest, context: InteractionContext): Promise<FhirResponse> {
  const { response } = await historyPage(request, context, {});
  return response;
}
