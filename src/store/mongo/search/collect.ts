/** Keys of what matches, or some of its entries: the far ends of chains, and whom a group holds. */
import type { Document } from 'mongodb';
import { keyText } from '../../../model/resource.ts';
import type { SearchScope, StoreCollect } from '../../store.ts';
import type { ReadMode } from '../cluster/one-shard.ts';
import { findOnce } from '../find-once.ts';
import { BATCH_DEADLINE_MS, DEADLINE_MS } from './deadlines.ts';
import { startsWith } from './filter.ts';
import type { CollectionsBy } from './find-page.ts';
import { createLookUpBatch } from './look-up-batch.ts';
import type { ScopeFilter } from './scope-filter.ts';

const KEY_FIELDS = { _id: 0, type: 1, id: 1 };

interface Collecting {
  readonly mode: ReadMode;
  /** True where it may travel with others. */
  readonly isTogether: boolean;
}

type Collect = (scope: ScopeFilter, request: StoreCollect, collecting: Collecting) => Promise<readonly string[]>;

export function createCollect(from: CollectionsBy): Collect {
  const unordered = ({ filter, hint }: ScopeFilter, { signal }: SearchScope, projection: Document, mode: ReadMode) =>
    from[mode].resources.find(filter, { hint, projection, batchSize: 1_000, maxTimeMS: DEADLINE_MS, signal });

  const keysTogether = createLookUpBatch({
    findAlone: ({ search, scope }) => unordered(scope, search, KEY_FIELDS, 'primary').limit(search.limit).toArray(),
    find: ({ filter, hint }, _searches, { limit, projection }) =>
      findOnce(from.primary, 'resources', filter, {
        hint,
        projection: { ...KEY_FIELDS, ...projection },
        limit,
        maxTimeMS: BATCH_DEADLINE_MS,
      }),
  });

  return async (scope, request, { mode, isTogether }) => {
    const { prefixes, limit, patient } = request;
    if (isTogether && !prefixes && !patient) return (await keysTogether({ search: { ...request, sort: [] }, scope })).map(keyText);
    const projection = prefixes ? { _id: 0, s: entriesAt(prefixes) } : KEY_FIELDS;
    const found = new Set<string>();
    for await (const document of unordered(scope, request, projection, mode)) {
      for (const text of prefixes ? (document.s ?? []) : [keyText(document)]) found.add(text);
      if (found.size >= limit) break;
    }
    return [...found].slice(0, limit);
  };
}

/** The entries of a document that start with one of these. */
const entriesAt = (prefixes: readonly string[]): Document => ({
  $filter: { input: '$s', as: 'entry', cond: { $or: prefixes.map((prefix) => startsWith('$$entry', prefix)) } },
});
