/** The answer to a search, worked out the plainest way: what every store is compared with, and what faults are put into. */
import type { ResourceDraft } from '../../src/model/resource.ts';
import { matches } from '../../src/search/expression/match.ts';
import { compareSortValues, sortValuesOf } from '../../src/store/order.ts';
import type { ResourceStore, SearchMatch, StoreSearch } from '../../src/store/store.ts';

/** What is compared: anything that answers searches. */
export type Searcher = Pick<ResourceStore, 'search' | 'count'>;

/** The decisions of a search, each of which a deliberate fault may replace. */
export interface Decisions {
  /** The versions that a search looks at, out of all versions. */
  readonly visible: (versions: readonly ResourceDraft[]) => readonly ResourceDraft[];
  readonly matches: typeof matches;
  readonly isInRecord: (draft: ResourceDraft, patient: string) => boolean;
  readonly compare: typeof compareSortValues;
  /** Is the match beyond the last one of the page before? `order` is negative if it comes before that. */
  readonly isAfter: (order: number) => boolean;
  readonly countOf: (found: readonly ResourceDraft[]) => number;
}

function current(versions: readonly ResourceDraft[]): ResourceDraft[] {
  const latest = new Map<string, ResourceDraft>();
  for (const version of versions) latest.set(`${version.type}/${version.id}`, version);
  return [...latest.values()].filter((version) => !version.deleted);
}

export const RIGHT: Decisions = {
  visible: current,
  matches,
  isInRecord: (draft, patient) => draft.index.patients.includes(patient),
  compare: compareSortValues,
  isAfter: (order) => order > 0,
  countOf: (found) => found.length,
};

/** Answers over these versions (each resource's in order), by these decisions. */
export function createModel(versions: readonly ResourceDraft[], decisions: Decisions = RIGHT): Searcher {
  const { visible, isInRecord, compare, isAfter, countOf } = decisions;
  const candidates = visible(versions);
  const find = ({ types, where, patient }: Pick<StoreSearch, 'types' | 'where' | 'patient'>) =>
    candidates.filter(
      (draft) => types.includes(draft.type) && (patient === undefined || isInRecord(draft, patient)) && decisions.matches(where, draft),
    );
  const page = (search: StoreSearch): SearchMatch[] => {
    const found = find(search).map((resource) => ({ resource, sortValues: sortValuesOf(resource, search.sort) }));
    const { after, sort } = search;
    const turn = search.backward ? -1 : 1;
    const rest = after ? found.filter((match) => isAfter(turn * compare(match.sortValues, after, sort))) : found;
    return rest.sort((a, b) => turn * compare(a.sortValues, b.sortValues, sort)).slice(0, search.limit);
  };
  return { search: async (search) => page(search), count: async (search) => countOf(find(search)) };
}
