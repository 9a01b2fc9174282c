/**
 * Search and count: a planned stage as one `find`, or one pipeline where the sort needs values that may be missing.
 *
 * A search that names the patient carries the `_id` range of the patient's record, which targets one shard; pointers to
 * resources of other records answer there too and are read at their home. Any other search leaves pointers out.
 */
import type { ClientSession, Document, Filter } from 'mongodb';
import { recordKeyOf } from '../../model/record-key.ts';
import { identityOf, keyText, type ResourceKey } from '../../model/resource.ts';
import type { SearchExpression } from '../../search/expression/expression.ts';
import type { StageExplanation } from '../explain.ts';
import type { AggregateRow, Guard, SearchMatch, SearchScope, SortKey, StoreAggregate, StoreCollect, StoreSearch } from '../store.ts';
import { aggregateRow, aggregateStages } from './aggregate.ts';
import { textOf } from './chunks.ts';
import type { MongoCollections } from './client.ts';
import { type StoredDocument, VERSION_FIELDS, versionOf } from './document.ts';
import { translate } from './errors.ts';
import { partsOfPlan } from './explain.ts';
import { filterOf, idsIn, startsWith } from './filter.ts';
import type { MongoReader } from './read.ts';
import { retryTransient } from './retry.ts';

/** Search gives up after this long; milliseconds. */
const DEADLINE_MS = 30_000;

export interface MongoSearcher {
  search(search: StoreSearch): Promise<readonly SearchMatch[]>;
  count(search: SearchScope): Promise<number>;
  collect(request: StoreCollect): Promise<readonly string[]>;
  explain(search: StoreSearch): Promise<readonly StageExplanation[]>;
  aggregate(request: StoreAggregate): Promise<readonly AggregateRow[]>;
  /** For guards: logical ids that match, seen from inside a transaction, unsorted. */
  matchingIds(guard: Guard, limit: number, session: ClientSession): Promise<readonly string[]>;
}

type SortValue = number | string | null;

export function createSearcher(collections: MongoCollections, reader: MongoReader): MongoSearcher {
  const { resources } = collections;

  async function scopeFilter({ types, where, patient }: SearchScope): Promise<Filter<StoredDocument>> {
    const identities = await identitiesFor(where, types, patient);
    const conditions: Filter<StoredDocument>[] = [filterOf(where, (ids) => identities.get(ids) ?? [])];
    conditions.push(types.length === 1 ? { type: types[0] as string } : { type: { $in: [...types] } });
    conditions.push({ deleted: { $exists: false } });
    if (patient) {
      const rk = recordKeyOf(patient.slice('Patient/'.length));
      // `home` alone, without `patients`, is a forwarder.
      conditions.push({ _id: { $gte: `${rk}/`, $lt: `${rk}0` } }, { patients: patient });
    } else {
      conditions.push({ home: { $exists: false } });
    }
    return { $and: conditions };
  }

  async function identitiesFor(where: SearchExpression, types: readonly string[], patient: string | undefined) {
    const entries = await Promise.all(
      idsIn(where).map(async (expression) => {
        const keys: ResourceKey[] = types.flatMap((type) => expression.ids.map((id) => ({ type, id })));
        // Within a record all that counts lies under its key, pointers to resources of other records too.
        const inRecord = patient && keys.map((key) => identityOf({ ...key, rk: recordKeyOf(patient.slice('Patient/'.length)) }));
        return [expression, inRecord || (await reader.identitiesOf(keys))] as const;
      }),
    );
    return new Map(entries);
  }

  /** Pointers are read at their home; what has gone meanwhile is left out. */
  async function matchOf(
    document: StoredDocument & { readonly k?: readonly SortValue[] },
    sort: readonly SortKey[],
  ): Promise<SearchMatch | undefined> {
    const sortValues = document.k ?? sort.map((key) => nativeValue(document, key));
    if (!document.home) return { resource: versionOf(document, await textOf(collections, document)), sortValues };
    const resource = await reader.read(document);
    return resource && !resource.deleted ? { resource, sortValues } : undefined;
  }

  async function run(search: StoreSearch): Promise<readonly SearchMatch[]> {
    const filter = await scopeFilter(search);
    const documents = await cursorOf(filter, search).toArray();
    const matches = await Promise.all(documents.map((document) => matchOf(document, search.sort)));
    return matches.filter((match) => match !== undefined);
  }

  const cursorOf = (filter: Filter<StoredDocument>, search: StoreSearch) =>
    search.sort.every(isNative) ? findInOrder(filter, search) : aggregateInOrder(filter, search);

  async function explain(search: StoreSearch): Promise<readonly StageExplanation[]> {
    const startedAt = performance.now();
    const plan = (await cursorOf(await scopeFilter(search), search).explain('executionStats')) as Document;
    return [{ store: 'mongodb', types: search.types, parts: partsOfPlan(plan), milliseconds: performance.now() - startedAt }];
  }

  function findInOrder(filter: Filter<StoredDocument>, { sort, after, limit, signal }: StoreSearch) {
    const beyond = after
      ? keyset(
          sort.map(nativeField),
          sort,
          after.map((value, index) => nativeBound(sort[index] as SortKey, value)),
        )
      : undefined;
    const page = beyond ? { $and: [filter, beyond] } : filter;
    const order = Object.fromEntries(sort.map((key) => [nativeField(key), key.descending ? -1 : 1])) as Record<string, 1 | -1>;
    return resources.find(page, { projection: VERSION_FIELDS, sort: order, limit, maxTimeMS: DEADLINE_MS, signal });
  }

  function aggregateInOrder(filter: Filter<StoredDocument>, { sort, after, limit, signal }: StoreSearch) {
    const fields = sort.map((_, index) => `k${index}`);
    const pipeline: Document[] = [
      { $match: filter },
      { $set: Object.fromEntries(sort.flatMap((key, index) => [[`k${index}`, sortExpression(key)]])) },
      // A missing value sorts last in either direction: a flag before each key.
      { $set: Object.fromEntries(fields.map((field) => [`${field}m`, { $cond: [{ $eq: [`$${field}`, null] }, 1, 0] }])) },
      ...(after ? [{ $match: keysetWithMissing(fields, sort, after) }] : []),
      {
        $sort: Object.fromEntries(
          sort.flatMap((key, index) => [
            [`k${index}m`, 1],
            [`k${index}`, key.descending ? -1 : 1],
          ]),
        ),
      },
      { $limit: limit },
      { $project: { ...VERSION_FIELDS, k: fields.map((field) => `$${field}`) } },
    ];
    return resources.aggregate<StoredDocument & { k: SortValue[] }>(pipeline, { maxTimeMS: DEADLINE_MS, allowDiskUse: true, signal });
  }

  async function collect({ prefixes, limit, signal, ...scope }: StoreCollect): Promise<readonly string[]> {
    const projection = prefixes ? { _id: 0, s: entriesAt(prefixes) } : { _id: 0, type: 1, id: 1 };
    const documents = resources.find(await scopeFilter(scope), { projection, batchSize: 1_000, maxTimeMS: DEADLINE_MS, signal });
    const found = new Set<string>();
    for await (const document of documents) {
      for (const text of prefixes ? (document.s ?? []) : [keyText(document)]) found.add(text);
      if (found.size >= limit) break;
    }
    return [...found].slice(0, limit);
  }

  async function aggregate(request: StoreAggregate): Promise<readonly AggregateRow[]> {
    const filter = await scopeFilter(request);
    const rows = resources.aggregate<Document>([{ $match: filter }, ...aggregateStages(request)], {
      maxTimeMS: DEADLINE_MS,
      allowDiskUse: true,
      signal: request.signal,
    });
    return (await rows.toArray()).map(aggregateRow);
  }

  const translated = <Result>(work: () => Promise<Result>) =>
    retryTransient(work).catch((error: unknown) => Promise.reject(translate(error)));

  return {
    search: (search) => translated(() => run(search)),
    count: (search) =>
      translated(async () => resources.countDocuments(await scopeFilter(search), { maxTimeMS: DEADLINE_MS, signal: search.signal })),
    collect: (request) => translated(() => collect(request)),
    explain: (search) => translated(() => explain(search)),
    aggregate: (request) => translated(() => aggregate(request)),
    async matchingIds({ type, where }, limit, session) {
      const filter = await scopeFilter({ types: [type], where });
      const documents = await resources.find(filter, { projection: { id: 1 }, limit, session, maxTimeMS: DEADLINE_MS }).toArray();
      return documents.map(({ id }) => id);
    },
  };
}

/** The entries of a document that start with one of these. */
const entriesAt = (prefixes: readonly string[]): Document => ({
  $filter: { input: '$s', as: 'entry', cond: { $or: prefixes.map((prefix) => startsWith('$$entry', prefix)) } },
});

/** Keys that every document has, so that an index gives their order. */
function isNative({ parameter }: SortKey): boolean {
  return parameter === '_identity' || parameter === '_id' || parameter === '_lastUpdated';
}

function nativeField({ parameter }: SortKey): '_id' | 'id' | 'at' {
  return parameter === '_identity' ? '_id' : parameter === '_id' ? 'id' : 'at';
}

function nativeValue(document: StoredDocument, key: SortKey): SortValue {
  const field = nativeField(key);
  return field === 'at' ? document.at.getTime() : document[field];
}

function nativeBound(key: SortKey, value: SortValue): Date | SortValue {
  return key.parameter === '_lastUpdated' && typeof value === 'number' ? new Date(value) : value;
}

function sortExpression(key: SortKey): Document | string {
  if (key.parameter === '_lastUpdated') return { $toLong: '$at' };
  if (isNative(key)) return `$${nativeField(key)}`;
  return { $ifNull: [`$o.${key.parameter}.${key.descending ? 'max' : 'min'}`, null] };
}

/** "After this position in the order of these fields": or-ed prefixes of equality followed by one comparison. */
function keyset(fields: readonly string[], sort: readonly SortKey[], after: readonly unknown[]): Document {
  return {
    $or: fields.map((field, index) => ({
      ...Object.fromEntries(fields.slice(0, index).map((before, position) => [before, after[position]])),
      [field]: { [sort[index]?.descending ? '$lt' : '$gt']: after[index] },
    })),
  };
}

function keysetWithMissing(fields: readonly string[], sort: readonly SortKey[], after: readonly SortValue[]): Document {
  const alternatives = fields.flatMap((field, index) => {
    const equal = Object.fromEntries(fields.slice(0, index).map((before, position) => [before, after[position]]));
    const value = after[index];
    if (value === null || value === undefined) return [];
    return [
      { ...equal, [field]: { [sort[index]?.descending ? '$lt' : '$gt']: value }, [`${field}m`]: 0 },
      { ...equal, [`${field}m`]: 1 },
    ];
  });
  return { $or: alternatives };
}
