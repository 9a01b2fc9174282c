/** Pass: what the caller may see, conjoined with what is asked for. */
import { unsupportedParameter } from '../../model/error.ts';
import type { SearchExpression } from '../expression/expression.ts';
import { and } from '../expression/expression.ts';
import { simplify } from './simplify.ts';

/** What of a type the caller may see. */
export type Narrow = (type: string) => SearchExpression;

/** Types and condition of a search, within what the caller may see. */
export interface Narrowed {
  readonly types: readonly string[];
  readonly where: SearchExpression;
}

/**
 * Types of which the caller may see nothing are left out; of none, nothing matches.
 * @throws FhirError 400 for several types of which one is seen in part: an expression says nothing of types yet
 */
export function applyAccess(types: readonly string[], where: SearchExpression, narrow: Narrow): Narrowed {
  const seen = types.map((type) => ({ type, allowed: simplify(narrow(type)) })).filter(({ allowed }) => allowed.kind !== 'nothing');
  const isPartial = seen.some(({ allowed }) => allowed.kind !== 'everything');
  if (isPartial && seen.length > 1) throw unsupportedParameter('these scopes allow a search of one type at a time', '_type');
  const conditions = seen.map(({ allowed }) => allowed);
  return { types: seen.map(({ type }) => type), where: seen.length === 0 ? { kind: 'nothing' } : simplify(and([where, ...conditions])) };
}
