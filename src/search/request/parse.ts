/**
 * From the pairs of a query string or form body to what is asked. Strict by default: what is not understood is an error that
 * names it and lists what is allowed, never silently left out.
 * @see https://hl7.org/fhir/R4/search.html
 */
import { FhirError, invalidValue, unsupportedParameter } from '../../model/error.ts';
import type { SearchExpression } from '../expression/expression.ts';
import { and } from '../expression/expression.ts';
import type { SortKey } from '../expression/search.ts';
import type { SearchRegistry } from '../parameters/registry.ts';
import { patientNamedBy } from '../plan/route.ts';
import { simplify } from '../plan/simplify.ts';
import type { SearchControls, Summary, Total } from './controls.ts';
import { applyControl, isControl } from './controls.ts';
import { compileFilter, FILTER } from './filter.ts';
import type { Include } from './include.ts';
import { isInclude, parseInclude } from './include.ts';
import type { Join } from './join.ts';
import { compileCriteria } from './join.ts';
import { parseName } from './names.ts';
import { checkSort } from './sort.ts';
import type { Vocabulary } from './vocabulary.ts';

export interface SearchContext {
  readonly registry: SearchRegistry;
  /** The server's base URL, no slash at its end: references below it are local. */
  readonly baseUrl: string;
  /** `Prefer: handling`: refuse what is not understood, or leave it out and list it in `ignored`. */
  readonly handling: 'strict' | 'lenient';
  /** Milliseconds since 1970, for the prefix `ap` of dates. */
  readonly now: () => number;
  /** See `CriterionContext`. */
  readonly vocabulary?: Vocabulary | undefined;
  /** Hops of a chain; default 5. */
  readonly mostHops?: number;
  /** Alternatives of one parameter; default 1,000. */
  readonly mostAlternatives?: number;
  /** Matches of a page when the client doesn't say, and at most; default 20 and 1,000. */
  readonly defaultCount?: number;
  readonly maxCount?: number;
}

export interface SearchRequest {
  /** The compartment searched ("Patient/1"), if it was named by the path. */
  readonly within?: string;
  /** Types searched; `_type` narrows them. */
  readonly types: readonly string[];
  readonly where: SearchExpression;
  /** Chains and `_has`, all of which hold too: for `plan/resolve-chains`. */
  readonly joins: readonly Join[];
  /** What is to come along with the matches. */
  readonly includes: readonly Include[];
  /** As asked for; `plan/stable-sort` makes it total. */
  readonly sort: readonly SortKey[];
  /** Matches of a page; 0 asks for the count only. */
  readonly count: number;
  /** Undefined: the client doesn't say. */
  readonly total?: Total;
  readonly summary?: Summary;
  readonly elements?: readonly string[];
  /** The token of a later page, to be opened by `plan/page-token`. */
  readonly page?: string;
  /** Pairs that had a part in the answer, for the `self` link. `_page` is not among them. */
  readonly applied: readonly (readonly [string, string])[];
  /** Why each parameter was left out (lenient handling). */
  readonly ignored: readonly string[];
  /** The one patient compartment that every match is in ("Patient/1"), if the search names it. */
  readonly patient?: string;
}

type Pair = readonly [string, string];

interface Draft {
  types: readonly string[];
  readonly criteria: SearchExpression[];
  readonly joins: Join[];
  readonly includes: Include[];
  readonly controls: SearchControls;
  readonly applied: Pair[];
  readonly ignored: string[];
}

function narrowTypes(types: readonly string[], value: string): string[] {
  const wanted = value.split(',');
  const unknown = wanted.find((type) => !types.includes(type));
  if (unknown !== undefined) throw unsupportedParameter(`_type: "${unknown}" is not a type that can be searched here`, '_type');
  return wanted;
}

/** Of two that differ one would be passed over. @throws FhirError 400 */
function checkOnce({ applied }: Draft, name: string, value: string): void {
  const other = applied.find(([each, before]) => each === name && before !== value);
  if (other) throw invalidValue(`${name} is given twice, as "${other[1]}" and as "${value}"`, name);
}

function readPair(draft: Draft, [name, value]: Pair, context: SearchContext): void {
  if (value === '') throw unsupportedParameter(`the parameter "${name}" has no value`, name);
  if (isControl(name) || name === '_type') checkOnce(draft, name, value);
  if (isControl(name)) applyControl(draft.controls, name, value, context.maxCount ?? 1000);
  else if (isInclude(name)) draft.includes.push(parseInclude(name, value, draft.types, context.registry));
  else if (name !== '_type') {
    const { where, joins } =
      name === FILTER ? compileFilter(value, draft.types, context) : compileCriteria(parseName(name), value, draft.types, context);
    draft.criteria.push(where);
    draft.joins.push(...joins);
  }
}

/** What a client can do without: lenient handling leaves out unknown names and modifiers, but no wrong value. */
const isLeftOut = (error: unknown, context: SearchContext): error is FhirError =>
  context.handling === 'lenient' && error instanceof FhirError && error.issues.every((issue) => issue.code === 'not-supported');

function readPairs(draft: Draft, pairs: readonly Pair[], context: SearchContext): void {
  for (const pair of pairs) {
    try {
      readPair(draft, pair, context);
      if (pair[0] !== '_page') draft.applied.push(pair);
    } catch (error) {
      if (!isLeftOut(error, context)) throw error;
      draft.ignored.push(error.message);
    }
  }
}

/**
 * The request that these pairs make of these types.
 * @throws FhirError 400 `not-supported` for an unknown parameter, modifier or form (strict), `value` for a wrong value
 */
export function parseSearch(pairs: readonly Pair[], types: readonly string[], context: SearchContext): SearchRequest {
  const controls: SearchControls = { count: context.defaultCount ?? 20, sort: [] };
  const draft: Draft = { types, criteria: [], joins: [], includes: [], controls, applied: [], ignored: [] };
  for (const [name, value] of pairs) if (name === '_type') draft.types = narrowTypes(types, value);
  readPairs(draft, pairs, context);
  const sort = checkSort(controls.sort, draft.types, context, draft.ignored);
  const applied = sort.length === controls.sort.length ? draft.applied : draft.applied.filter(([name]) => name !== '_sort');
  const where = simplify(and(draft.criteria));
  const patient = patientNamedBy(where, draft.types, context.registry);
  return {
    ...controls,
    sort,
    types: draft.types,
    where,
    joins: draft.joins,
    includes: draft.includes,
    applied,
    ignored: draft.ignored,
    ...(patient && { patient }),
  };
}
