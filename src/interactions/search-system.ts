/** @see https://hl7.org/fhir/R4/http.html#search */
import type { InteractionContext } from './context.ts';
import type { FhirRequest, FhirResponse } from './request.ts';
import { runSearch } from './search-bundle.ts';

/** Searches all types, or those that `_type` names. */
export function searchSystem(request: FhirRequest, context: InteractionContext): Promise<FhirResponse> {
  return runSearch(request, context, context.definitions.resourceTypes);
}
