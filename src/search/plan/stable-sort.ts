/** Pass: a total order. */
import type { SortKey } from '../expression/search.ts';

const IDENTITY = '_identity';

/**
 * The keys, each parameter once, with the identity at the end: no two resources are equal, so pages neither skip nor repeat.
 * It goes against the first key, as in an index on both, which serves an order and its opposite: `-date` and `date`.
 */
export function stableSort(keys: readonly SortKey[]): SortKey[] {
  const asked = keys.filter((key) => key.parameter !== IDENTITY);
  const first = asked.filter((key, at) => asked.findIndex((other) => other.parameter === key.parameter) === at);
  return [...first, { parameter: IDENTITY, descending: first[0] !== undefined && !first[0].descending }];
}
