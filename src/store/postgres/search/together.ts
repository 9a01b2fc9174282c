/**
 * Searches of records that arrive while an earlier one is under way leave as one statement, where they differ in values only:
 * to set up a plan over the partitions of all types costs more than to look into them for one more patient.
 *
 * The statement of one page is the inner side of a join with the list of values, so each keeps its own order and limit.
 */
import { BATCHING, createBatcher, settledSoon } from '../../batcher.ts';
import type { SearchMatch, StoreSearch } from '../../store.ts';
import { pageStatement, type Statement } from './statement.ts';

/** A search and the statement of its page. */
export interface SearchStatement {
  readonly search: StoreSearch;
  readonly statement: Statement;
}

/** A statement that answers several searches: rows are "which one, from 1" and a row of its page. */
export interface JoinedStatement {
  readonly text: string;
  readonly values: readonly unknown[];
}

interface TogetherOptions {
  readonly findAlone: (one: SearchStatement) => Promise<SearchMatch[]>;
  /** The pages of several searches by one statement, in their order. */
  readonly findJoined: (joined: JoinedStatement, searches: readonly StoreSearch[]) => Promise<readonly SearchMatch[][]>;
}

const MOST_SEARCHES = 32;
/** Statements of which the joined form is remembered; searches of other shapes go alone. */
const MOST_FORMS = 300;
/** Of a search that goes with others: 32 pages must fit the memory. */
const MOST_MATCHES = 250;

/** The page of one record's search, found with those of others where that can be. */
export function createTogether({ findAlone, findJoined }: TogetherOptions): (search: StoreSearch) => Promise<SearchMatch[]> {
  const forms = new Map<string, string | undefined>();

  function formOf(text: string): string | undefined {
    if (!forms.has(text) && forms.size < MOST_FORMS) forms.set(text, joinedText(text));
    return forms.get(text);
  }

  /** The pages of a group that one statement answers; undefined where each is to go alone: whose fault it was can't be told. */
  async function joinedPages(group: readonly SearchStatement[]): Promise<readonly SearchMatch[][] | undefined> {
    const text = group.length < 2 ? undefined : formOf((group[0] as SearchStatement).statement.text);
    if (text === undefined) return undefined;
    const searches = group.map(({ search }) => search);
    return findJoined({ text, values: columnsOf(group.map(({ statement }) => statement.values)) }, searches).catch(() => undefined);
  }

  const batcher = createBatcher<SearchStatement, SearchMatch[]>({
    maxItems: MOST_SEARCHES,
    ...BATCHING,
    async run(all) {
      const answers = new Map<SearchStatement, Promise<SearchMatch[]>>();
      for (const group of Map.groupBy(all, shapeOf).values()) {
        const pages = joinedPages(group);
        for (const [at, one] of group.entries())
          answers.set(
            one,
            pages.then((found) => found?.[at] ?? findAlone(one)),
          );
      }
      await settledSoon([...answers.values()]);
      return all.map((one) => ({ later: answers.get(one) as Promise<SearchMatch[]> }));
    },
  });

  return async (search) => {
    if (search.types.length === 0) return [];
    const one = { search, statement: pageStatement(search) };
    if (search.limit > MOST_MATCHES || !one.statement.values.every(isPlain)) return findAlone(one);
    const matches = await batcher(one);
    search.signal?.throwIfAborted();
    return matches;
  };
}

/** Values that a list of them can be written of. */
const isPlain = (value: unknown) => typeof value === 'string' || typeof value === 'number';

const shapeOf = ({ search, statement }: SearchStatement) => `${search.limit} ${statement.text}`;

/** The limit, which all share, and a list for each other place. */
const columnsOf = ([first = [], ...others]: readonly (readonly unknown[])[]): unknown[] => [
  first[0],
  ...first.slice(1).map((value, at) => [value, ...others.map((values) => values[at + 1])]),
];

/** A place of a value, and what it is cast to. */
const PLACE = /\$(\d+)(?:::(\w+(?:\[\])?))?/g;

/** The statement of a page as one of many; undefined where a place has no type, two, or that of a list. `$1` is the limit. */
export function joinedText(text: string): string | undefined {
  const types = new Map<number, string>();
  let isFit = true;
  const inner = text.replace(PLACE, (whole, place: string, type: string | undefined) => {
    const number = Number(place);
    if (number === 1) return whole;
    isFit &&= type !== undefined && !type.endsWith('[]') && (types.get(number) ?? type) === type;
    types.set(number, type ?? '');
    return `b.v${number}`;
  });
  const places = [...types.keys()].sort((a, b) => a - b);
  if (!isFit || places.length === 0 || places.some((place, at) => place !== at + 2)) return undefined;
  const lists = places.map((place) => `$${place}::${types.get(place)}[]`);
  const names = places.map((place) => `v${place}`);
  return `SELECT b.i, p.* FROM unnest(${lists.join(', ')}) WITH ORDINALITY AS b (${names.join(', ')}, i) CROSS JOIN LATERAL (${inner}) AS p`;
}
