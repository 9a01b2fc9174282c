/**
 * The query of a scope (`patient/Observation.rs?category=http://…|laboratory`) as a condition, understood by the same parser
 * as a search. What is not understood wholly voids the scope: a constraint is never dropped.
 * @see https://hl7.org/fhir/smart-app-launch/STU2.2/scopes-and-launch-context.html#finer-grained-resource-constraints-using-search-parameters
 */
import { FhirError } from '../model/error.ts';
import type { SearchExpression } from '../search/expression/expression.ts';
import { isControl } from '../search/request/controls.ts';
import { isInclude } from '../search/request/include.ts';
import { parseSearch, type SearchContext } from '../search/request/parse.ts';

/** The condition that a scope's query makes on a type; undefined if the scope is void. */
export type CompileScopeQuery = (type: string, query: string) => SearchExpression | undefined;

/** Names that say how to answer, or that lead to other resources. */
const isNoCriterion = (name: string) => isControl(name) || isInclude(name) || name === '_type' || /[:.]/.test(name);

/** A compiler over the parameters that searches know. Chains, modifiers, `_has`, includes and controls void the scope. */
export function createScopeQueries(search: Omit<SearchContext, 'handling'>): CompileScopeQuery {
  return (type, query) => {
    try {
      const pairs = query.split('&').map(pairOf);
      if (pairs.some(([name, value]) => isNoCriterion(name) || value === '')) return undefined;
      const { where, joins, includes } = parseSearch(pairs, [type], { ...search, handling: 'strict' });
      return joins.length > 0 || includes.length > 0 || where.kind === 'everything' ? undefined : where;
    } catch (error) {
      if (error instanceof FhirError || error instanceof URIError) return undefined;
      throw error;
    }
  };
}

/** A `+` is a plus sign: scopes are separated by spaces, so a space can only come as `%20`. @throws URIError */
function pairOf(text: string): [string, string] {
  const at = text.indexOf('=');
  return [decodeURIComponent(text.slice(0, at)), decodeURIComponent(text.slice(at + 1))];
}
