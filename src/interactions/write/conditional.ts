/**
 * Criteria of conditional interactions: a search that decides what a write does.
 * @see https://hl7.org/fhir/R4/http.html#ccreate
 */
import { hash } from 'node:crypto';
import { narrowAll } from '../../access/decision.ts';
import type { ScopeLetter } from '../../access/scopes.ts';
import { invalidValue, preconditionFailed, unsupportedParameter } from '../../model/error.ts';
import type { ResourceVersion } from '../../model/resource.ts';
import { printExpression } from '../../search/expression/print.ts';
import { applyAccess, type Scope } from '../../search/plan/apply-access.ts';
import type { Authorized } from '../../search/plan/authorized.ts';
import { patientNamedBy } from '../../search/plan/route.ts';
import { parseSearch } from '../../search/request/parse.ts';
import type { Guard } from '../../store/store.ts';
import type { InteractionContext } from '../context.ts';
import { queryPairs } from '../query-text.ts';
import type { FhirRequest } from '../request.ts';

export interface Criteria {
  readonly type: string;
  /** As the client wrote it: "identifier=a|b". */
  readonly text: string;
  /** Within what the client may find. */
  readonly search: Authorized<Scope>;
  readonly patient?: string;
}

interface Matches {
  /** At most as many as were asked for. */
  readonly matches: readonly ResourceVersion[];
  /** Holds a commit to what was found. */
  readonly guard: Guard;
}

/**
 * The criteria in a query text ("identifier=a|b", a leading `?` is allowed). The client must be allowed to search the type,
 * since the answer tells whether something matches; what `letters` don't reach doesn't match.
 * @throws FhirError 400 for no criteria and for an unknown parameter whatever `Prefer: handling` says, 412 for criteria that select nothing
 */
export function parseCriteria(
  request: FhirRequest,
  context: InteractionContext,
  type: string,
  text: string,
  letters: readonly ScopeLetter[] = ['s'],
): Criteria {
  request.access.require(type, 'search-type');
  const pairs = queryPairs(text, context.limits.maxSearchParameters);
  if (pairs.length === 0) throw invalidValue(`there are no criteria: name the ${type} by its id, or say which one is meant`);
  const { where, joins } = parseSearch(pairs, [type], { ...context.search, handling: 'strict' });
  const [join] = joins;
  if (join) throw unsupportedParameter(`"${join.name}": chains and _has can not decide a conditional write`, join.name);
  if (where.kind === 'everything') throw preconditionFailed(`the criteria "${text}" select nothing in particular`, 'value');
  const search = applyAccess({ types: [type], where }, () => narrowAll(request.access, type, letters));
  const patient = patientNamedBy(search.where, [type], context.search.registry);
  return { type, text, search, ...(patient && { patient }) };
}

/** Nothing would come of a parameter beside an id, or of a create's. @throws FhirError 400, unless lenient handling is asked for */
export function checkNoCriteria({ query, prefer, method, path }: Pick<FhirRequest, 'query' | 'prefer' | 'method' | 'path'>): void {
  const [first] = query;
  if (first && prefer.handling !== 'lenient')
    throw unsupportedParameter(`${method} ${path} takes no parameters, not "${first[0]}" either`, first[0]);
}

/** What the criteria match now, at most `limit`. */
export async function findMatches(context: InteractionContext, criteria: Criteria, limit = 2): Promise<Matches> {
  const { type, search, patient } = criteria;
  const sort = [{ parameter: '_identity', descending: false }];
  const found = search.where.kind === 'nothing' ? [] : await context.store.search({ ...search, ...(patient && { patient }), sort, limit });
  const matches = found.map(({ resource }) => resource);
  const expected = matches.slice(0, 2).map(({ id }) => id);
  return { matches, guard: { key: guardKey(criteria), type, where: search.where, ...(patient && { patient }), expected } };
}

/** Two conditions that mean the same have the same key, however they were written. */
export function guardKey({ type, search }: Criteria): string {
  return hash('sha1', `${type}?${printExpression(search.where)}`, 'hex');
}

export const tooManyMatches = (criteria: Criteria, limit: number) =>
  preconditionFailed(`"${criteria.text}" matches more than ${limit} ${criteria.type} resources`, 'multiple-matches');
