/** Pass: the same meaning in fewer nodes, and in one form for whatever the client's order. */
import { unreachable } from '../../model/unreachable.ts';
import { compareExpressions } from '../expression/compare.ts';
import type { SearchExpression } from '../expression/expression.ts';
import { and, EVERYTHING, NOTHING, not, or } from '../expression/expression.ts';

type Group = 'and' | 'or';

/** The parts of nested groups of one kind, simplified. */
function flatten(kind: Group, of: readonly SearchExpression[]): SearchExpression[] {
  return of.flatMap((part) => {
    const simple = simplify(part);
    return simple.kind === kind ? simple.of : [simple];
  });
}

/** Each part once, in order. */
function uniqueSorted(parts: readonly SearchExpression[]): readonly SearchExpression[] {
  // What was simplified before, which is most, is in order.
  if (parts.every((part, at) => at === 0 || compareExpressions(parts[at - 1] as SearchExpression, part) < 0)) return parts;
  return parts
    .toSorted(compareExpressions)
    .filter((part, at, sorted) => at === 0 || compareExpressions(sorted[at - 1] as SearchExpression, part) !== 0);
}

/** In an `or`, all lists of ids become one. */
function mergeIds(parts: readonly SearchExpression[]): SearchExpression[] {
  const ids = parts.flatMap((part) => (part.kind === 'ids' ? part.ids : []));
  const others = parts.filter((part) => part.kind !== 'ids');
  return ids.length === 0 ? others : [...others, { kind: 'ids', ids: [...new Set(ids)].sort() }];
}

function simplifyAnd(of: readonly SearchExpression[]): SearchExpression {
  const parts = flatten('and', of).filter((part) => part.kind !== 'everything');
  return parts.some((part) => part.kind === 'nothing') ? NOTHING : and(uniqueSorted(parts));
}

function simplifyOr(of: readonly SearchExpression[]): SearchExpression {
  const parts = flatten('or', of).filter((part) => part.kind !== 'nothing');
  return parts.some((part) => part.kind === 'everything') ? EVERYTHING : or(uniqueSorted(mergeIds(parts)));
}

function simplifyNot(of: SearchExpression): SearchExpression {
  const inner = simplify(of);
  if (inner.kind === 'not') return inner.of;
  if (inner.kind === 'everything') return NOTHING;
  return inner.kind === 'nothing' ? EVERYTHING : not(inner);
}

function simplifyAmong(entries: readonly string[]): SearchExpression {
  const unique = [...new Set(entries)].sort();
  const [only] = unique;
  if (only === undefined) return NOTHING;
  return unique.length === 1 ? { kind: 'equals', entry: only } : { kind: 'among', entries: unique };
}

/**
 * Flattens groups, drops what changes nothing, takes each condition once. Conditions never move into or out of a `range`:
 * which of them hold on *one* entry is meaning.
 */
export function simplify(expression: SearchExpression): SearchExpression {
  switch (expression.kind) {
    case 'and':
      return simplifyAnd(expression.of);
    case 'or':
      return simplifyOr(expression.of);
    case 'not':
      return simplifyNot(expression.of);
    case 'ids':
      return expression.ids.length === 0 ? NOTHING : { kind: 'ids', ids: [...new Set(expression.ids)].sort() };
    case 'types':
      return expression.types.length === 0 ? NOTHING : { kind: 'types', types: [...new Set(expression.types)].sort() };
    case 'among':
      return simplifyAmong(expression.entries);
    case 'everything':
    case 'nothing':
    case 'equals':
    case 'prefix':
    case 'contains':
    case 'range':
    case 'near':
    case 'patient':
    case 'patients-only':
    case 'updated':
      return expression;
    case 'patients':
      return expression.references.length === 0 ? NOTHING : expression;
    default:
      return unreachable(expression);
  }
}
