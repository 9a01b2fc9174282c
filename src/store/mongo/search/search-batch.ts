/**
 * Searches that arrive together leave as one: a trip to a shard costs more than what most of them ask.
 *
 * Searches of different records become one `find` with a branch each; each answer is told from the others by its record key.
 * Look-ups by entry (identifier, name) likewise, told apart by the entries themselves. There is no limit for each branch, so
 * the whole has one: where it is reached, somebody's answer may be short, and each search goes alone. For a second nobody
 * then waits for others.
 */
import type { Document } from 'mongodb';
import { NO_ENTRIES } from '../../../model/resource.ts';
import type { SearchExpression } from '../../../search/expression/expression.ts';
import { matches } from '../../../search/expression/match.ts';
import { isNarrowing } from '../../../search/parameters/entry-text.ts';
import { BATCHING, createBatcher, settledSoon } from '../../batcher.ts';
import { compareMatches } from '../../order.ts';
import type { StoreSearch } from '../../store.ts';
import { recordKeyInId, type StoredDocument } from '../document.ts';
import { filterOf, IN_POPULATION } from './filter.ts';
import { BY_CODE, type ScopeFilter } from './scope-filter.ts';
import { sortValuesOfDocument } from './search-order.ts';

/** A search and the filter that finds it. */
interface FilteredSearch {
  readonly search: StoreSearch;
  readonly scope: ScopeFilter;
  /** The record key of the patient that the search names. */
  readonly rk?: string;
}

interface HowMuch {
  readonly limit: number;
  /** Beside what the searches need. */
  readonly projection?: Document;
}

interface SearchBatchOptions {
  /** Documents of a filter, in no order. Gives up soon. */
  readonly find: (scope: ScopeFilter, searches: readonly StoreSearch[], howMuch: HowMuch) => Promise<StoredDocument[]>;
  /** Documents of one search in its order. */
  readonly findAlone: (one: FilteredSearch) => Promise<StoredDocument[]>;
}

const MOST_SEARCHES = 32;
const MOST_DOCUMENTS = 1_000;
const ALONE_AFTER_OVERFLOW_MS = 1_000;
/** What tells look-ups apart. All of it: to pick out what is asked for costs MongoDB more than to send it (decision 020). */
const ENTRIES = { s: 1, sn: 1 };
/** Entries and beginnings of one look-up. */
const MOST_LEAVES = 8;

/** Documents of a search in its order, found together with those of others where that can be. */
type FindTogether = (one: FilteredSearch) => Promise<StoredDocument[]>;

export function createSearchBatch({ find, findAlone }: SearchBatchOptions): FindTogether {
  /** Those of one hint, whose alternatives all go through that index. */
  const ofRecords = () =>
    together(findAlone, async (batch) => {
      const scope = { ...batch[0]?.scope, filter: { $or: batch.map((one) => one.scope.filter) } };
      const found = await find(scope, searchesOf(batch), { limit: limitOf(batch) });
      const byRecord = Map.groupBy(found, ({ _id }) => recordKeyInId(_id));
      return { size: found.length, of: ({ rk = '' }) => byRecord.get(rk) ?? [] };
    });
  const inRecords = { byCode: ofRecords(), byPlace: ofRecords() };
  const ofLookups = together(findAlone, async (batch) => {
    const leaves = batch.flatMap(({ search }) => leavesOf(search.where) ?? []);
    const howMuch = { limit: limitOf(batch), projection: ENTRIES };
    const found = await find({ filter: lookUpFilter(batch, leaves) }, searchesOf(batch), howMuch);
    const entered = found.map((document) => ({ document, entries: entriesOf(document) }));
    const of = ({ search: { types, where } }: FilteredSearch) =>
      entered.flatMap(({ document, entries }) => (types.includes(document.type) && matches(where, entries) ? [document] : []));
    return { size: found.length, of };
  });
  return (one) => {
    if (one.search.after) return findAlone(one);
    if (one.rk !== undefined) return inRecords[one.scope.hint === BY_CODE ? 'byCode' : 'byPlace'](one);
    return leavesOf(one.search.where) ? ofLookups(one) : findAlone(one);
  };
}

interface Found {
  /** How many documents came. */
  readonly size: number;
  /** Those that answer a search. */
  readonly of: (one: FilteredSearch) => readonly StoredDocument[];
}

function together(findAlone: FindTogether, ask: (batch: readonly FilteredSearch[]) => Promise<Found>): FindTogether {
  let aloneUntil = 0;

  async function answer(all: readonly FilteredSearch[]): Promise<Promise<StoredDocument[]>[]> {
    const batch = performance.now() < aloneUntil ? [] : tellable(all);
    if (batch.length < 2) return all.map(findAlone);
    const isIn = new Set(batch);
    const apart = new Map(all.flatMap((one) => (isIn.has(one) ? [] : [[one, begun(findAlone(one))] as const])));
    const found = await ask(batch).catch(() => undefined);
    const isWhole = found !== undefined && found.size < limitOf(batch);
    if (!isWhole) aloneUntil = performance.now() + ALONE_AFTER_OVERFLOW_MS;
    return all.map(async (one) => apart.get(one) ?? (isWhole ? pageOf(found.of(one), one.search) : findAlone(one)));
  }

  const batcher = createBatcher<FilteredSearch, { readonly documents: Promise<StoredDocument[]> }>({
    maxItems: MOST_SEARCHES,
    ...BATCHING,
    async run(all) {
      const answers = answer(all);
      await settledSoon([answers.then((each) => Promise.allSettled(each))]);
      return all.map((_, index) => ({ ok: { documents: answers.then((each) => each[index] ?? []) } }));
    },
  });
  return async (one) => {
    const documents = await (await batcher(one)).documents;
    one.search.signal?.throwIfAborted();
    return documents;
  };
}

/** Work that nobody waits for yet: that it failed is told when somebody does. */
function begun<Result>(work: Promise<Result>): Promise<Result> {
  work.catch(() => undefined);
  return work;
}

/** Of several searches of one record the first: their answers could not be told apart. */
function tellable(all: readonly FilteredSearch[]): readonly FilteredSearch[] {
  const records = new Set<string>();
  return all.filter(({ rk }) => {
    const isNew = rk === undefined || !records.has(rk);
    if (rk !== undefined) records.add(rk);
    return isNew;
  });
}

const searchesOf = (batch: readonly FilteredSearch[]) => batch.map(({ search }) => search);
const limitOf = (batch: readonly FilteredSearch[]) =>
  Math.min(
    MOST_DOCUMENTS,
    batch.reduce((sum, { search }) => sum + search.limit, 0),
  );

function pageOf(found: readonly StoredDocument[], search: StoreSearch): StoredDocument[] {
  if (found.length < 2) return [...found];
  return found
    .map((document) => ({ document, values: sortValuesOfDocument(document, search.sort) }))
    .sort((a, b) => compareMatches(a.values, b.values, search))
    .slice(0, search.limit)
    .map(({ document }) => document);
}

/** The entries and beginnings that an expression looks for, if it looks for few and for nothing else. */
function leavesOf(expression: SearchExpression): readonly SearchExpression[] | undefined {
  switch (expression.kind) {
    case 'equals':
    case 'prefix':
      return [expression];
    case 'and':
    case 'or': {
      const parts = expression.of.map(leavesOf);
      const leaves = parts.flatMap((part) => part ?? []);
      return parts.includes(undefined) || leaves.length > MOST_LEAVES ? undefined : leaves;
    }
    default:
      return undefined;
  }
}

/**
 * Equalities are one list for the index, which finds more than each asked for; beginnings need a branch each. What all have in
 * common stands beside the branches, not in each: MongoDB plans every branch of a filter that is nothing but branches by itself.
 */
function lookUpFilter(batch: readonly FilteredSearch[], leaves: readonly SearchExpression[]): Document {
  const entries = leaves.flatMap((leaf) => (leaf.kind === 'equals' ? [leaf.entry] : []));
  const types = [...new Set(batch.flatMap(({ search }) => search.types))];
  const common = { type: { $in: types }, ...IN_POPULATION };
  if (entries.length === leaves.length) return { s: { $in: entries.filter((entry) => !isNarrowing(entry)) }, ...common };
  return { $and: [{ $or: batch.map(({ search }) => filterOf(search.where, () => [])) }, common] };
}

const entriesOf = ({ type, id, s = [], sn = [] }: StoredDocument) => ({ type, id, at: 0, index: { ...NO_ENTRIES, s: [...s, ...sn] } });
