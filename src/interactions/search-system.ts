/** @see https://hl7.org/fhir/R4/http.html#search */
import type { InteractionContext } from './context.ts';
import type { FhirRequest, FhirResponse } from './request.ts';
import { runSearch } from './search/search-bundle.ts';
import { compartmentTypes } from './search/search-compartment.ts';

/** Searches all types, or those that `_type` names; of a compartment, those that it has members of. */
export function searchSystem(request: FhirRequest, context: InteractionContext): Promise<FhirResponse> {
  const { compartment } = request;
  const types = compartment ? compartmentTypes(compartment, context.definitions) : context.definitions.resourceTypes;
  return runSearch(request, context, types);
}
