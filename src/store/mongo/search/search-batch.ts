/**
 * Searches that arrive together leave as one: a trip to a shard costs more than what most of them ask.
 *
 * There is no limit for each search of a batch, so the whole has one: where it is reached, somebody's answer may be short, and
 * each search goes alone. For a second nobody then waits for others.
 */
import type { Document } from 'mongodb';
import { BATCHING, createBatcher, settledSoon } from '../../batcher.ts';
import { compareMatches } from '../../order.ts';
import type { StoreSearch } from '../../store.ts';
import type { StoredDocument } from '../document.ts';
import type { ScopeFilter } from './scope-filter.ts';
import { sortValuesOfDocument } from './search-order.ts';

/** A search and the filter that finds it. */
export interface FilteredSearch {
  readonly search: StoreSearch;
  readonly scope: ScopeFilter;
}

/** Documents of a search in its order, found together with those of others where that can be. */
export type FindTogether = (one: FilteredSearch) => Promise<StoredDocument[]>;

export interface BatchFinders {
  /** Documents of a filter, in no order, with `projection` beside what the searches need. Gives up soon. */
  readonly find: (
    scope: ScopeFilter,
    searches: readonly StoreSearch[],
    howMuch: { readonly limit: number; readonly projection?: Document },
  ) => Promise<StoredDocument[]>;
  /** Documents of one search in its order. */
  readonly findAlone: FindTogether;
}

interface Question {
  readonly scope: ScopeFilter;
  readonly projection?: Document;
}

export interface Manner {
  /** Those that one command can ask for each; who is in none goes alone. Default: all. */
  readonly split?: (all: readonly FilteredSearch[]) => readonly (readonly FilteredSearch[])[];
  /** What asks for all of a part at once. */
  readonly ask: (part: readonly FilteredSearch[]) => Question;
  /** Which of the documents found answer a search. */
  readonly assign: (found: readonly StoredDocument[], part: readonly FilteredSearch[]) => Answers;
}

type Answers = (one: FilteredSearch) => readonly StoredDocument[];

const MOST_SEARCHES = 32;
const MOST_DOCUMENTS = 1_000;
const ALONE_AFTER_OVERFLOW_MS = 1_000;

export function createSearchBatch({ find, findAlone }: BatchFinders, { split = (all) => [all], ask, assign }: Manner): FindTogether {
  let aloneUntil = 0;

  async function findAll(part: readonly FilteredSearch[]): Promise<Answers | undefined> {
    const { scope, projection } = ask(part);
    const searches = part.map(({ search }) => search);
    const limit = Math.min(
      MOST_DOCUMENTS,
      searches.reduce((sum, search) => sum + search.limit, 0),
    );
    const found = await find(scope, searches, { limit, ...(projection && { projection }) }).catch(() => undefined);
    if (found && found.length < limit) return assign(found, part);
    aloneUntil = performance.now() + ALONE_AFTER_OVERFLOW_MS;
    return undefined;
  }

  function answer(all: readonly FilteredSearch[]): Promise<StoredDocument[]>[] {
    const parts = performance.now() < aloneUntil ? [] : split(all).filter((part) => part.length > 1);
    const found = new Map<FilteredSearch, Promise<Answers | undefined>>();
    for (const part of parts) {
      const answers = findAll(part);
      for (const one of part) found.set(one, answers);
    }
    return all.map(async (one) => {
      const answers = await found.get(one);
      return answers ? pageOf(answers(one), one.search) : findAlone(one);
    });
  }

  const batcher = createBatcher<FilteredSearch, { readonly documents: Promise<StoredDocument[]> }>({
    maxItems: MOST_SEARCHES,
    ...BATCHING,
    async run(all) {
      const answers = answer(all);
      await settledSoon(answers);
      return answers.map((documents) => ({ ok: { documents } }));
    },
  });
  return async (one) => {
    const documents = await (await batcher(one)).documents;
    one.search.signal?.throwIfAborted();
    return documents;
  };
}

function pageOf(found: readonly StoredDocument[], search: StoreSearch): StoredDocument[] {
  if (found.length < 2) return [...found];
  return found
    .map((document) => ({ document, values: sortValuesOfDocument(document, search.sort) }))
    .sort((a, b) => compareMatches(a.values, b.values, search))
    .slice(0, search.limit)
    .map(({ document }) => document);
}
