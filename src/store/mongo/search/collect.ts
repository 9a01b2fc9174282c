/** Keys of what matches, or some of its entries: the far ends of chains, and whom a group holds. */
import type { Document, Filter } from 'mongodb';
import { keyText } from '../../../model/resource.ts';
import type { SearchScope, StoreCollect } from '../../store.ts';
import type { ReadMode } from '../cluster/shard-trips.ts';
import type { StoredDocument } from '../document.ts';
import { BATCH_DEADLINE_MS, DEADLINE_MS } from './deadlines.ts';
import { startsWith } from './filter.ts';
import type { ResourcesBy } from './find-page.ts';
import { createSearchBatch } from './search-batch.ts';

const KEY_FIELDS = { _id: 0, type: 1, id: 1 };

interface Collecting {
  readonly mode: ReadMode;
  /** True where it may travel with others. */
  readonly isTogether: boolean;
}

type Collect = (filter: Filter<StoredDocument>, request: StoreCollect, collecting: Collecting) => Promise<readonly string[]>;

export function createCollect(from: ResourcesBy): Collect {
  const unordered = (filter: Filter<StoredDocument>, { signal }: SearchScope, projection: Document, mode: ReadMode) =>
    from[mode].find(filter, { projection, batchSize: 1_000, maxTimeMS: DEADLINE_MS, signal });

  const keysTogether = createSearchBatch({
    findAlone: ({ filter, search }) => unordered(filter, search, KEY_FIELDS, 'primary').limit(search.limit).toArray(),
    find: (filter, _searches, limit, projection) =>
      from.primary
        .find(filter, { projection: { ...KEY_FIELDS, ...projection }, limit, batchSize: limit, maxTimeMS: BATCH_DEADLINE_MS })
        .toArray(),
  });

  return async (filter, request, { mode, isTogether }) => {
    const { prefixes, limit, patient } = request;
    if (isTogether && !prefixes && !patient) return (await keysTogether({ search: { ...request, sort: [] }, filter })).map(keyText);
    const projection = prefixes ? { _id: 0, s: entriesAt(prefixes) } : KEY_FIELDS;
    const found = new Set<string>();
    for await (const document of unordered(filter, request, projection, mode)) {
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
