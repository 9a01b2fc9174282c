/** Pass: a total order. */
import type { SortKey } from '../expression/search.ts';

const BY_IDENTITY: SortKey = { parameter: '_identity', descending: false };

/** The keys, each parameter once, with the identity at the end: no two resources are equal, so pages neither skip nor repeat. */
export function stableSort(keys: readonly SortKey[]): SortKey[] {
  const asked = keys.filter((key) => key.parameter !== BY_IDENTITY.parameter);
  const first = asked.filter((key, at) => asked.findIndex((other) => other.parameter === key.parameter) === at);
  return [...first, BY_IDENTITY];
}
