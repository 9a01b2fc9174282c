/**
 * Criteria of conditional interactions: a search that decides what a write does.
 * @see https://hl7.org/fhir/R4/http.html#ccreate
 */
import { hash } from 'node:crypto';
import { preconditionFailed, unsupportedParameter } from '../model/error.ts';
import type { ResourceVersion } from '../model/resource.ts';
import type { SearchExpression } from '../search/expression/expression.ts';
import { printExpression } from '../search/expression/print.ts';
import { parseSearch } from '../search/request/parse.ts';
import type { Guard } from '../store/store.ts';
import type { InteractionContext } from './context.ts';
import { queryPairs } from './query-text.ts';
import type { FhirRequest } from './request.ts';

export interface Criteria {
  readonly type: string;
  /** As the client wrote it: "identifier=a|b". */
  readonly text: string;
  readonly where: SearchExpression;
  readonly patient?: string;
}

export interface Matches {
  /** At most as many as were asked for. */
  readonly matches: readonly ResourceVersion[];
  /** Holds a commit to what was found. */
  readonly guard: Guard;
}

/**
 * The criteria in a query text ("identifier=a|b", a leading `?` is allowed). The client must be allowed to search the type,
 * since the answer tells whether something matches.
 * @throws FhirError 400 for an unknown parameter whatever `Prefer: handling` says, 412 for criteria that select nothing
 */
export function parseCriteria(request: FhirRequest, context: InteractionContext, type: string, text: string): Criteria {
  request.access.require(type, 'search-type');
  const pairs = queryPairs(text);
  const { where, patient, joins } = parseSearch(pairs, [type], { ...context.search, handling: 'strict' });
  const [join] = joins;
  if (join) throw unsupportedParameter(`"${join.name}": chains and _has can not decide a conditional write`, join.name);
  if (where.kind === 'everything') throw preconditionFailed(`the criteria "${text}" select nothing in particular`, 'value');
  return { type, text, where, patient };
}

/** What the criteria match now, at most `limit`. */
export async function findMatches(context: InteractionContext, criteria: Criteria, limit = 2): Promise<Matches> {
  const { type, where, patient } = criteria;
  const sort = [{ parameter: '_identity', descending: false }];
  const found = await context.store.search({ types: [type], where, patient, sort, limit });
  const matches = found.map(({ resource }) => resource);
  return { matches, guard: { key: guardKey(criteria), type, where, expected: matches.slice(0, 2).map(({ id }) => id) } };
}

/** Two conditions that mean the same have the same key, however they were written. */
export function guardKey({ type, where }: Criteria): string {
  return hash('sha1', `${type}?${printExpression(where)}`, 'hex');
}

export const tooManyMatches = (criteria: Criteria, limit: number) =>
  preconditionFailed(`"${criteria.text}" matches more than ${limit} ${criteria.type} resources`, 'multiple-matches');
