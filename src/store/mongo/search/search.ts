/**
 * Search and count: a planned stage as one `find`, or one pipeline where the sort needs values that may be missing.
 *
 * A search that names the patient carries the `_id` range of the patient's record, which targets one shard; pointers to
 * resources of other records answer there too and are read at their home. Any other search leaves pointers out.
 */
import type { AggregationCursor, Document, Filter, FindCursor } from 'mongodb';
import { identityOf, keyText, type ResourceKey } from '../../../model/resource.ts';
import type { SearchExpression } from '../../../search/expression/expression.ts';
import { anyCodePrefix, HOT_CODE, parameterKey, patientCode } from '../../../search/parameters/entry-text.ts';
import type { PartExplanation, StageExplanation } from '../../explain.ts';
import type { RecordKeys } from '../../record-keys.ts';
import type { AggregateRow, SearchMatch, SearchScope, SortKey, StoreAggregate, StoreCollect, StoreSearch } from '../../store.ts';
import { textOf } from '../chunks.ts';
import { type MongoCollections, preferringPrimary } from '../client.ts';
import type { ReadMode, ShardTrips } from '../cluster/shard-trips.ts';
import { inRange, lostShards, type ShardWatch } from '../cluster/shard-watch.ts';
import { type StoredDocument, versionOf } from '../document.ts';
import { translate } from '../errors.ts';
import type { MongoReader } from '../read.ts';
import { aggregateRow, aggregateStages } from './aggregate.ts';
import { partsOfPlan } from './explain.ts';
import { filterOf, IN_POPULATION, idsIn, startsWith } from './filter.ts';
import { createSearchBatch } from './search-batch.ts';
import { findOrder, orderStages, partsInFind, projectionFor, type SortValue, sortValuesOfDocument } from './search-order.ts';

/** Search gives up after this long; milliseconds. */
const DEADLINE_MS = 30_000;
/** A count that came along with matches. */
const SHORT_COUNT_MS = 2_000;
/** Searches together give up after this long, and go alone. */
const BATCH_DEADLINE_MS = 2_000;
/** Up to so many matches an estimate is a count. */
const COUNTED = 10_000;
/** Of the records, how many parts there are of which an estimate counts one. */
const SAMPLES = 256;

const KEY_FIELDS = { _id: 0, type: 1, id: 1 };

interface MongoSearcher {
  search(search: StoreSearch): Promise<readonly SearchMatch[]>;
  count(search: SearchScope, isShort?: boolean): Promise<number>;
  estimate(search: SearchScope): Promise<number>;
  collect(request: StoreCollect): Promise<readonly string[]>;
  explain(search: StoreSearch): Promise<readonly StageExplanation[]>;
  aggregate(request: StoreAggregate): Promise<readonly AggregateRow[]>;
}

/** A document with its sort values, where the order needed a pipeline. */
type Found = StoredDocument & { readonly k?: readonly SortValue[] };

export function createSearcher(
  collections: MongoCollections,
  reader: MongoReader,
  watch: ShardWatch,
  trips: ShardTrips,
  records: RecordKeys,
): MongoSearcher {
  const recordOf = (patient: string) => records.of(patient.slice('Patient/'.length));
  const { resources } = collections;
  const from = { primary: resources, primaryPreferred: preferringPrimary(collections).resources };

  /** What a search over several shards must leave out because nothing answers there. @throws FhirError 503 unless that may be told */
  function withoutLost({ patient, missing }: SearchScope): Filter<StoredDocument>[] {
    const lost = patient ? [] : trips.lost();
    if (lost.length === 0) return [];
    const left = watch.ranges().filter(({ shard }) => !lost.includes(shard));
    if (!missing || left.length === 0) throw lostShards(lost);
    missing(lostShards(lost).message);
    return [{ $or: left.map(inRange) }];
  }

  async function scopeFilter(scope: SearchScope): Promise<Filter<StoredDocument>> {
    const { types, where, patient } = scope;
    const identities = await identitiesFor(where, types, patient);
    const conditions: Filter<StoredDocument>[] = [filterOf(where, (ids) => identities.get(ids) ?? []), ...withoutLost(scope)];
    conditions.push(types.length === 1 ? { type: types[0] as string } : { type: { $in: [...types] } });
    if (patient) {
      const rk = recordOf(patient);
      const start = types.length === 1 ? `${rk}/${types[0]}` : rk;
      // `home` alone, without `patients`, is a forwarder.
      const isSaid = (where.kind === 'and' ? where.of : [where]).some((part) => part.kind === 'patient' && part.reference === patient);
      conditions.push(...(isSaid ? [] : [{ patients: patient }]), { deleted: { $exists: false } });
      const within = { _id: { $gte: `${start}/`, $lt: `${start}0` } };
      return { $and: [within, ...codesOfPatient(where, types, patient), unplanned({ $and: conditions })] };
    } else {
      conditions.push(IN_POPULATION);
    }
    return { $and: conditions };
  }

  async function identitiesFor(where: SearchExpression, types: readonly string[], patient: string | undefined) {
    const entries = await Promise.all(
      idsIn(where, types).map(async ([expression, ofTypes]) => {
        const keys: ResourceKey[] = ofTypes.flatMap((type) => expression.ids.map((id) => ({ type, id })));
        // Within a record all that counts lies under its key, pointers to resources of other records too.
        const inRecord = patient && keys.map((key) => identityOf({ ...key, rk: recordOf(patient) }));
        return [expression, inRecord || (await reader.identitiesOf(keys))] as const;
      }),
    );
    return new Map(entries);
  }

  /** Pointers are read at their home; what has gone meanwhile is left out. */
  async function matchOf(document: Found, sort: readonly SortKey[]): Promise<SearchMatch | undefined> {
    const sortValues = document.k ?? sortValuesOfDocument(document, sort);
    if (!document.home) return { resource: versionOf(document, await textOf(collections, document)), sortValues };
    const resource = await reader.read(document);
    return resource && !resource.deleted ? { resource, sortValues } : undefined;
  }

  async function run(search: StoreSearch, mode: ReadMode): Promise<readonly SearchMatch[]> {
    const rk = search.patient && recordOf(search.patient);
    const filter = await scopeFilter(search);
    // One shard's trouble would hold up searches of other shards in the same trip.
    const isTogether = mode === 'primary' && watch.isAllWell();
    const documents = isTogether ? await findTogether({ search, filter, ...(rk && { rk }) }) : await findAlone(filter, search, mode);
    const matches = await Promise.all(documents.map((document) => matchOf(document, search.sort)));
    return matches.filter((match) => match !== undefined);
  }

  const findTogether = createSearchBatch({
    findAlone: ({ filter, search }) => findAlone(filter, search, 'primary'),
    find: (filter, searches, limit, projection) => {
      const fields = Object.assign({}, ...searches.map(projectionFor), projection);
      return resources.find(filter, { projection: fields, limit, batchSize: limit, maxTimeMS: BATCH_DEADLINE_MS }).toArray();
    },
  });

  /** What give the page one after the other: each is asked only if those before it leave room. */
  function cursorsOf(filter: Filter<StoredDocument>, search: StoreSearch, mode: ReadMode) {
    const parts = partsInFind(search);
    if (parts.length === 0) return [(_limit: number) => aggregateInOrder(filter, search, mode)];
    return parts.map((part) => (limit: number) => findInOrder(part ? { $and: [filter, part] } : filter, { ...search, limit }, mode));
  }

  async function findAlone(filter: Filter<StoredDocument>, search: StoreSearch, mode: ReadMode): Promise<Found[]> {
    const found: Found[] = [];
    for (const cursorOf of cursorsOf(filter, search, mode)) {
      if (found.length < search.limit) found.push(...(await cursorOf(search.limit - found.length).toArray()));
    }
    return found;
  }

  async function explain(search: StoreSearch, mode: ReadMode): Promise<readonly StageExplanation[]> {
    const startedAt = performance.now();
    const parts: PartExplanation[] = [];
    for (const cursorOf of cursorsOf(await scopeFilter(search), search, mode)) {
      const room = search.limit - parts.reduce((sum, { returned }) => sum + returned, 0);
      if (room > 0) parts.push(...partsOfPlan((await cursorOf(room).explain('executionStats')) as Document));
    }
    return [{ store: 'mongodb', types: search.types, parts, milliseconds: performance.now() - startedAt }];
  }

  function findInOrder(filter: Filter<StoredDocument>, search: StoreSearch, mode: ReadMode): FindCursor<Found> {
    const { limit, signal } = search;
    return from[mode].find(filter, { projection: projectionFor(search), sort: findOrder(search), limit, maxTimeMS: DEADLINE_MS, signal });
  }

  function aggregateInOrder(filter: Filter<StoredDocument>, search: StoreSearch, mode: ReadMode): AggregationCursor<Found> {
    const pipeline = [{ $match: filter }, ...orderStages(search)];
    return from[mode].aggregate<Found>(pipeline, { maxTimeMS: DEADLINE_MS, allowDiskUse: true, signal: search.signal });
  }

  interface Counting {
    readonly mode: ReadMode;
    readonly maxTimeMS: number;
    readonly signal: AbortSignal | undefined;
    readonly limit?: number;
  }

  const count = (filter: Filter<StoredDocument>, { mode, ...options }: Counting) => from[mode].countDocuments(filter, options);

  /** Record keys are hashes, so one part of them in 256 is as good a sample as any; its matches are counted by the same filter. */
  async function estimate(search: SearchScope, mode: ReadMode): Promise<number> {
    const counting = { mode, maxTimeMS: SHORT_COUNT_MS, signal: search.signal };
    const filter = await scopeFilter(search);
    const counted = await count(filter, { ...counting, limit: COUNTED });
    if (counted < COUNTED) return counted;
    const sample = { $and: [{ _id: { $gte: '0080', $lt: '0081' } }, filter] };
    return Math.max(COUNTED, SAMPLES * (await count(sample, counting)));
  }

  async function collect(request: StoreCollect, mode: ReadMode): Promise<readonly string[]> {
    const { prefixes, limit, patient } = request;
    const filter = await scopeFilter(request);
    if (mode === 'primary' && watch.isAllWell() && !prefixes && !patient)
      return (await keysTogether({ search: { ...request, sort: [] }, filter })).map(keyText);
    const projection = prefixes ? { _id: 0, s: entriesAt(prefixes) } : KEY_FIELDS;
    const found = new Set<string>();
    for await (const document of unordered(filter, request, projection, mode)) {
      for (const text of prefixes ? (document.s ?? []) : [keyText(document)]) found.add(text);
      if (found.size >= limit) break;
    }
    return [...found].slice(0, limit);
  }

  const unordered = (filter: Filter<StoredDocument>, { signal }: SearchScope, projection: Document, mode: ReadMode) =>
    from[mode].find(filter, { projection, batchSize: 1_000, maxTimeMS: DEADLINE_MS, signal });

  /** The far ends of chains, of which only `type` and `id` are wanted. */
  const keysTogether = createSearchBatch({
    findAlone: ({ filter, search }) => unordered(filter, search, KEY_FIELDS, 'primary').limit(search.limit).toArray(),
    find: (filter, _searches, limit, projection) =>
      resources
        .find(filter, { projection: { ...KEY_FIELDS, ...projection }, limit, batchSize: limit, maxTimeMS: BATCH_DEADLINE_MS })
        .toArray(),
  });

  async function aggregate(request: StoreAggregate, mode: ReadMode): Promise<readonly AggregateRow[]> {
    const filter = await scopeFilter(request);
    const rows = from[mode].aggregate<Document>([{ $match: filter }, ...aggregateStages(request)], {
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
    count: (scope, isShort) => {
      const counting = { maxTimeMS: isShort ? SHORT_COUNT_MS : DEADLINE_MS, signal: scope.signal };
      return translated(scope, async (mode) => count(await scopeFilter(scope), { ...counting, mode }));
    },
    estimate: (scope) => translated(scope, (mode) => estimate(scope, mode)),
    collect: (request) => translated(request, (mode) => collect(request, mode)),
    explain: (search) => translated(search, (mode) => explain(search, mode)),
    aggregate: (request) => translated(request, (mode) => aggregate(request, mode)),
  };
}

/** Where a code is asked for beside the patient, the index of both together. */
function codesOfPatient(where: SearchExpression, types: readonly string[], patient: string): Filter<StoredDocument>[] {
  const [type] = types;
  if (type === undefined || types.length > 1) return [];
  const start = anyCodePrefix(parameterKey(type, HOT_CODE));
  return (where.kind === 'and' ? where.of : [where]).flatMap((part) =>
    part.kind === 'equals' && part.entry.startsWith(start) ? [{ pc: patientCode(patient, type, part.entry) }] : [],
  );
}

/**
 * The same condition, of which the planner makes no plans: of a date's two alternatives and three more indexes it makes
 * dozens, and tries them, where the record's own range of `_id` is enough.
 */
const unplanned = (filter: Filter<StoredDocument>): Filter<StoredDocument> => ({ $nor: [{ $nor: [filter] }] });

/** The entries of a document that start with one of these. */
const entriesAt = (prefixes: readonly string[]): Document => ({
  $filter: { input: '$s', as: 'entry', cond: { $or: prefixes.map((prefix) => startsWith('$$entry', prefix)) } },
});
