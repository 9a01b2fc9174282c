/** One page of matches: a planned stage as one `find`, or one pipeline where the sort needs values that may be missing. */
import type { AggregationCursor, Document, FindOptions } from 'mongodb';
import type { PartExplanation } from '../../explain.ts';
import type { StoreSearch } from '../../store.ts';
import type { MongoCollections } from '../client.ts';
import type { ReadMode } from '../cluster/one-shard.ts';
import type { StoredDocument } from '../document.ts';
import { findOnce } from '../find-once.ts';
import { DEADLINE_MS } from './deadlines.ts';
import { partsOfPlan } from './explain.ts';
import type { ScopeFilter } from './scope-filter.ts';
import { findOrder, orderStages, partsInFind, projectionFor, type SortValue } from './search-order.ts';

/** A document with its sort values, where the order needed a pipeline. */
export type Found = StoredDocument & { readonly k?: readonly SortValue[] };

/** The collections as they are read in each mode. */
export type CollectionsBy = Readonly<Record<ReadMode, MongoCollections>>;

interface PageFinder {
  find(scope: ScopeFilter, search: StoreSearch, mode: ReadMode): Promise<Found[]>;
  explain(scope: ScopeFilter, search: StoreSearch, mode: ReadMode): Promise<readonly PartExplanation[]>;
}

export function createPageFinder(from: CollectionsBy): PageFinder {
  /** The `find`s that give the page one after the other; none if it takes a pipeline. */
  const findsOf = ({ filter, hint }: ScopeFilter, search: StoreSearch): readonly ScopeFilter[] =>
    partsInFind(search).map((part) => ({ filter: part ? { $and: [filter, part] } : filter, ...(hint && { hint }) }));

  const optionsOf = (search: StoreSearch, limit: number) => ({
    projection: projectionFor(search),
    sort: findOrder(search),
    limit,
    maxTimeMS: DEADLINE_MS,
    signal: search.signal,
  });

  function aggregateInOrder({ filter, hint }: ScopeFilter, search: StoreSearch, mode: ReadMode): AggregationCursor<Found> {
    const pipeline = [{ $match: filter }, ...orderStages(search)];
    const options = { hint, maxTimeMS: DEADLINE_MS, allowDiskUse: true, signal: search.signal };
    return from[mode].resources.aggregate<Found>(pipeline, options);
  }

  return {
    async find(scope, search, mode) {
      const finds = findsOf(scope, search);
      if (finds.length === 0) return aggregateInOrder(scope, search, mode).toArray();
      const found: Found[] = [];
      for (const { filter, hint } of finds) {
        const room = search.limit - found.length;
        if (room > 0) found.push(...(await findOnce(from[mode], 'resources', filter, { hint, ...optionsOf(search, room) })));
      }
      return found;
    },

    async explain(scope, search, mode) {
      const finds = findsOf(scope, search);
      if (finds.length === 0) return partsOfPlan((await aggregateInOrder(scope, search, mode).explain('executionStats')) as Document);
      const parts: PartExplanation[] = [];
      for (const { filter, hint } of finds) {
        const room = search.limit - parts.reduce((sum, { returned }) => sum + returned, 0);
        if (room <= 0) break;
        const cursor = from[mode].resources.find(filter, { hint, ...optionsOf(search, room) } as FindOptions);
        parts.push(...partsOfPlan((await cursor.explain('executionStats')) as Document));
      }
      return parts;
    },
  };
}
