/** Pass: what the caller may see, conjoined with what is asked for. The only place that makes an `Authorized` value. */
import type { SearchExpression } from '../expression/expression.ts';
import { and, or } from '../expression/expression.ts';
import { printExpression } from '../expression/print.ts';
import type { Authorized } from './authorized.ts';
import { simplify } from './simplify.ts';

/** What of a type the caller may see. */
export type Narrow = (type: string) => SearchExpression;

/** Types and condition of a search: what the pass looks at. */
export interface Scope {
  readonly types: readonly string[];
  readonly where: SearchExpression;
}

/**
 * The request within what the caller may see. Types of which that is nothing are left out; of none, nothing matches. Types
 * that are seen differently get a condition each.
 */
export function applyAccess<T extends Scope>(request: T, narrow: Narrow): Authorized<T> {
  const seen = request.types.map((type) => ({ type, allowed: simplify(narrow(type)) })).filter(({ allowed }) => allowed.kind !== 'nothing');
  const isWhole = seen.length > 0 && seen.length === request.types.length && seen.every(({ allowed }) => allowed.kind === 'everything');
  if (isWhole) return { ...request, where: simplify(request.where) } as unknown as Authorized<T>;
  const where = simplify(seen.length === 0 ? { kind: 'nothing' } : and([request.where, conditionOf(seen)]));
  return { ...request, types: seen.map(({ type }) => type), where } as unknown as Authorized<T>;
}

interface Seen {
  readonly type: string;
  readonly allowed: SearchExpression;
}

/** One condition for all types if they are seen alike, as in one patient's record; else one for each sort of types. */
function conditionOf(seen: readonly Seen[]): SearchExpression {
  const alike = [...Map.groupBy(seen, ({ allowed }) => printExpression(allowed)).values()];
  const [only] = alike;
  if (only?.[0] && alike.length === 1) return only[0].allowed;
  return or(alike.map((group) => and([{ kind: 'types', types: group.map(({ type }) => type) }, (group[0] as Seen).allowed])));
}
