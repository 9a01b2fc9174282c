/** One page of matches: a planned stage as one `find`, or one pipeline where the sort needs values that may be missing. */
import type { AggregationCursor, Document, Filter, FindCursor } from 'mongodb';
import type { PartExplanation } from '../../explain.ts';
import type { StoreSearch } from '../../store.ts';
import type { MongoCollections } from '../client.ts';
import type { ReadMode } from '../cluster/shard-trips.ts';
import type { StoredDocument } from '../document.ts';
import { DEADLINE_MS } from './deadlines.ts';
import { partsOfPlan } from './explain.ts';
import { findOrder, orderStages, partsInFind, projectionFor, type SortValue } from './search-order.ts';

/** A document with its sort values, where the order needed a pipeline. */
export type Found = StoredDocument & { readonly k?: readonly SortValue[] };

/** The collection of current versions as it is read in each mode. */
export type ResourcesBy = Readonly<Record<ReadMode, MongoCollections['resources']>>;

interface PageFinder {
  find(filter: Filter<StoredDocument>, search: StoreSearch, mode: ReadMode): Promise<Found[]>;
  explain(filter: Filter<StoredDocument>, search: StoreSearch, mode: ReadMode): Promise<readonly PartExplanation[]>;
}

export function createPageFinder(from: ResourcesBy): PageFinder {
  /** What give the page one after the other: each is asked only if those before it leave room. */
  function cursorsOf(filter: Filter<StoredDocument>, search: StoreSearch, mode: ReadMode) {
    const parts = partsInFind(search);
    if (parts.length === 0) return [(_limit: number) => aggregateInOrder(filter, search, mode)];
    return parts.map((part) => (limit: number) => findInOrder(part ? { $and: [filter, part] } : filter, { ...search, limit }, mode));
  }

  function findInOrder(filter: Filter<StoredDocument>, search: StoreSearch, mode: ReadMode): FindCursor<Found> {
    const { limit, signal } = search;
    return from[mode].find(filter, { projection: projectionFor(search), sort: findOrder(search), limit, maxTimeMS: DEADLINE_MS, signal });
  }

  function aggregateInOrder(filter: Filter<StoredDocument>, search: StoreSearch, mode: ReadMode): AggregationCursor<Found> {
    const pipeline = [{ $match: filter }, ...orderStages(search)];
    return from[mode].aggregate<Found>(pipeline, { maxTimeMS: DEADLINE_MS, allowDiskUse: true, signal: search.signal });
  }

  return {
    async find(filter, search, mode) {
      const found: Found[] = [];
      for (const cursorOf of cursorsOf(filter, search, mode)) {
        if (found.length < search.limit) found.push(...(await cursorOf(search.limit - found.length).toArray()));
      }
      return found;
    },

    async explain(filter, search, mode) {
      const parts: PartExplanation[] = [];
      for (const cursorOf of cursorsOf(filter, search, mode)) {
        const room = search.limit - parts.reduce((sum, { returned }) => sum + returned, 0);
        if (room > 0) parts.push(...partsOfPlan((await cursorOf(room).explain('executionStats')) as Document));
      }
      return parts;
    },
  };
}
