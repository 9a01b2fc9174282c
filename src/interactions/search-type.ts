/** @see https://hl7.org/fhir/R4/http.html#search */
import type { InteractionContext } from './context.ts';
import type { FhirRequest, FhirResponse } from './request.ts';
import { runSearch } from './search/search-bundle.ts';

/** Searches one type, everywhere or in a compartment, by GET or by POST of a form. */
export function searchType(request: FhirRequest, context: InteractionContext): Promise<FhirResponse> {
  return runSearch(request, context, [request.type as string]);
}
