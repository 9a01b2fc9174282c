/** A total order of search expressions: 0 for the same condition, written the same way. */
import type { SearchExpression } from './expression.ts';
import { printExpression } from './print.ts';

const order = (a: string, b: string) => (a === b ? 0 : a < b ? -1 : 1);

/** Less than 0 when `a` comes first. By kind; then by what tells most of them apart without a text being made. */
export function compareExpressions(a: SearchExpression, b: SearchExpression): number {
  if (a === b) return 0;
  if (a.kind !== b.kind) return order(a.kind, b.kind);
  if (a.kind === 'equals' && b.kind === 'equals') return order(a.entry, b.entry);
  if (a.kind === 'range' && b.kind === 'range' && a.key !== b.key) return order(a.key, b.key);
  return order(printExpression(a), printExpression(b));
}
