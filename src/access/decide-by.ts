/** Decisions by R4's patient compartment and the search parameters that scopes may name. */
import type { Definitions } from '../definitions/definitions.ts';
import type { SearchContext } from '../search/request/parse.ts';
import { createDecide, type Decide } from './decision.ts';
import { createScopeQueries } from './scope-query.ts';

export function decideBy({ compartments }: Definitions, search: Omit<SearchContext, 'handling'>): Decide {
  const members = compartments.Patient ?? {};
  return createDecide({ compileQuery: createScopeQueries(search), isPatientMember: (type) => Object.hasOwn(members, type) });
}
