/**
 * What of the scopes asked for may be given: the overlap with what is allowed, scope by scope. Allowed are the client's
 * registration and the user's role; a token never holds more than both.
 *
 * `user/*.cruds` asked and `user/Observation.rs` allowed gives `user/Observation.rs`. A scope that fits whole stays as it
 * was written, so version 1 asked is version 1 given.
 *
 * @see https://hl7.org/fhir/smart-app-launch/STU2.2/scopes-and-launch-context.html
 */

import { letterBit, parseScope, type ScopeGrant, type ScopeLetter } from '../../access/scopes.ts';
import { isServersOwn } from '../../model/servers-own.ts';

export type IsResourceType = (type: string) => boolean;

const LETTERS: readonly ScopeLetter[] = ['c', 'r', 'u', 'd', 's'];

/** The scopes that are in both, without repetition, in the order asked for. Scopes outside the grammar must match word for word. */
export function narrowScopes(asked: readonly string[], allowed: readonly string[], isResourceType: IsResourceType): string[] {
  const words = new Set(allowed);
  const allowances = allowed.map((scope) => parseScope(scope, isResourceType)).filter((grant) => grant !== undefined);
  return [...new Set(asked.flatMap((scope) => overlapOf(scope, words, allowances, isResourceType)))];
}

function overlapOf(scope: string, words: ReadonlySet<string>, allowances: readonly ScopeGrant[], isResourceType: IsResourceType): string[] {
  const wanted = parseScope(scope, isResourceType);
  if (!wanted) return words.has(scope) ? [scope] : [];
  const overlaps = allowances.map((allowance) => overlap(wanted, allowance)).filter((grant) => grant !== undefined);
  const whole = overlaps.some((grant) => sameReach(grant, wanted));
  return whole ? [scope] : joined(overlaps).map(print);
}

type Grant = Pick<ScopeGrant, 'context' | 'target' | 'bits' | 'query'>;

function overlap(wanted: Grant, allowed: Grant): Grant | undefined {
  const target = targetOverlap(wanted.target, allowed.target);
  const bits = wanted.bits & allowed.bits;
  if (wanted.context !== allowed.context || target === undefined || bits === 0) return undefined;
  if (wanted.query !== undefined && allowed.query !== undefined && wanted.query !== allowed.query) return undefined;
  return { context: wanted.context, target, bits, query: wanted.query ?? allowed.query };
}

/** Operations, and what the server itself writes, are never part of `*`. */
function targetOverlap(one: string, other: string): string | undefined {
  if (one === other) return one;
  if ([one, other].some((target) => target.startsWith('$') || isServersOwn(target))) return undefined;
  return other === '*' ? one : one === '*' ? other : undefined;
}

const sameReach = (one: Grant, other: Grant) => one.target === other.target && one.bits === other.bits && one.query === other.query;

/** Letters of the same target put together. */
function joined(grants: readonly Grant[]): Grant[] {
  const byTarget = new Map<string, Grant>();
  for (const grant of grants) {
    const name = `${grant.target}?${grant.query ?? ''}`;
    byTarget.set(name, { ...grant, bits: grant.bits | (byTarget.get(name)?.bits ?? 0) });
  }
  return [...byTarget.values()];
}

function print({ context, target, bits, query }: Grant): string {
  const letters = LETTERS.filter((letter) => (bits & letterBit(letter)) !== 0).join('');
  return `${context}/${target}.${letters}${query === undefined ? '' : `?${query}`}`;
}
