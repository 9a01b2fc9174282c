/** Searches, counts and aggregates over current versions: which filter, which cursor, on which members. */
import type { Document } from 'mongodb';
import type { StageExplanation } from '../../explain.ts';
import type { RecordKeys } from '../../record-keys.ts';
import type { AggregateRow, SearchMatch, SearchScope, SortKey, StoreAggregate, StoreCollect, StoreSearch } from '../../store.ts';
import { textOf } from '../chunks.ts';
import { type MongoCollections, preferringPrimary } from '../client.ts';
import type { ReadMode } from '../cluster/one-shard.ts';
import type { ShardTrips } from '../cluster/shard-trips.ts';
import type { ShardWatch } from '../cluster/shard-watch.ts';
import { versionOf } from '../document.ts';
import { translate } from '../errors.ts';
import { findOnce } from '../find-once.ts';
import type { MongoReader } from '../read.ts';
import { aggregateRow, aggregateStages } from './aggregate.ts';
import { createCollect } from './collect.ts';
import { createCounter } from './count.ts';
import { BATCH_DEADLINE_MS, DEADLINE_MS } from './deadlines.ts';
import { createPageFinder, type Found } from './find-page.ts';
import { createLookUpBatch } from './look-up-batch.ts';
import { createRecordBatch } from './record-batch.ts';
import { createScopeFilter } from './scope-filter.ts';
import type { BatchFinders, FilteredSearch } from './search-batch.ts';
import { projectionFor, sortValuesOfDocument } from './search-order.ts';

interface MongoSearcher {
  search(search: StoreSearch): Promise<readonly SearchMatch[]>;
  count(search: SearchScope, isShort?: boolean): Promise<number>;
  estimate(search: SearchScope): Promise<number>;
  collect(request: StoreCollect): Promise<readonly string[]>;
  explain(search: StoreSearch): Promise<readonly StageExplanation[]>;
  aggregate(request: StoreAggregate): Promise<readonly AggregateRow[]>;
}

export function createSearcher(
  collections: MongoCollections,
  reader: MongoReader,
  watch: ShardWatch,
  trips: ShardTrips,
  records: RecordKeys,
): MongoSearcher {
  const recordOf = (patient: string) => records.of(patient.slice('Patient/'.length));
  const from = { primary: collections, primaryPreferred: preferringPrimary(collections) };
  const scopeFilter = createScopeFilter({ reader, watch, trips, recordOf });
  const pages = createPageFinder(from);
  const counter = createCounter(from);
  const collect = createCollect(from);

  /** One shard's trouble would hold up searches of other shards in the same trip. */
  const isTogetherIn = (mode: ReadMode) => mode === 'primary' && watch.isAllWell();

  /** Pointers are read at their home; what has gone meanwhile is left out. */
  async function matchOf(document: Found, sort: readonly SortKey[]): Promise<SearchMatch | undefined> {
    const sortValues = document.k ?? sortValuesOfDocument(document, sort);
    if (!document.home) return { resource: versionOf(document, await textOf(collections, document)), sortValues };
    const resource = await reader.read(document);
    return resource && !resource.deleted ? { resource, sortValues } : undefined;
  }

  async function run(search: StoreSearch, mode: ReadMode): Promise<readonly SearchMatch[]> {
    const scope = await scopeFilter(search);
    const documents = isTogetherIn(mode) ? await findTogether({ search, scope }) : await pages.find(scope, search, mode);
    const matches = await Promise.all(documents.map((document) => matchOf(document, search.sort)));
    return matches.filter((match) => match !== undefined);
  }

  const finders: BatchFinders = {
    findAlone: ({ scope, search }) => pages.find(scope, search, 'primary'),
    find: ({ filter, hint }, searches, { limit, projection }) => {
      const fields = Object.assign({}, ...searches.map(projectionFor), projection);
      return findOnce(collections, 'resources', filter, { hint, projection: fields, limit, maxTimeMS: BATCH_DEADLINE_MS });
    },
  };
  const [inRecords, lookUps] = [createRecordBatch(finders), createLookUpBatch(finders)];

  function findTogether(one: FilteredSearch): Promise<Found[]> {
    if (one.search.after) return finders.findAlone(one);
    return one.scope.rk !== undefined ? inRecords(one) : lookUps(one);
  }

  async function explain(search: StoreSearch, mode: ReadMode): Promise<readonly StageExplanation[]> {
    const startedAt = performance.now();
    const parts = await pages.explain(await scopeFilter(search), search, mode);
    return [{ store: 'mongodb', types: search.types, parts, milliseconds: performance.now() - startedAt }];
  }

  async function aggregate(request: StoreAggregate, mode: ReadMode): Promise<readonly AggregateRow[]> {
    const { filter, hint } = await scopeFilter(request);
    const rows = from[mode].resources.aggregate<Document>([{ $match: filter }, ...aggregateStages(request)], {
      hint,
      maxTimeMS: DEADLINE_MS,
      allowDiskUse: true,
      signal: request.signal,
    });
    return (await rows.toArray()).map(aggregateRow);
  }

  const translated = <Result>({ patient }: Pick<SearchScope, 'patient'>, work: (mode: ReadMode) => Promise<Result>) =>
    trips.readAcross(patient && recordOf(patient), work).catch((error: unknown) => Promise.reject(translate(error)));

  return {
    search: (search) => translated(search, (mode) => run(search, mode)),
    count: (scope, isShort) =>
      translated(scope, async (mode) => counter.count(await scopeFilter(scope), { mode, signal: scope.signal }, isShort)),
    estimate: (scope) => translated(scope, async (mode) => counter.estimate(await scopeFilter(scope), { mode, signal: scope.signal })),
    collect: (request) =>
      translated(request, async (mode) => collect(await scopeFilter(request), request, { mode, isTogether: isTogetherIn(mode) })),
    explain: (search) => translated(search, (mode) => explain(search, mode)),
    aggregate: (request) => translated(request, (mode) => aggregate(request, mode)),
  };
}
