/** A search as a store takes it. The planner makes it, every store answers it. */
import type { ResourceVersion } from '../../model/resource.ts';
import type { SearchExpression } from './expression.ts';

/**
 * One sort key: a parameter code whose scalar is in `index.o` (ascending by its `min`, descending by its `max`), `_id`,
 * `_lastUpdated`, or `_identity`: the order of `identityOf` (model/resource), which every store has for nothing.
 */
export interface SortKey {
  readonly parameter: string;
  readonly descending: boolean;
}

/** A search of one or several types of one store, planned to the end: no chains, no includes. */
export interface StoreSearch {
  readonly types: readonly string[];
  readonly where: SearchExpression;
  /** Always ends in `_identity` ascending, so that the order is total. A missing value sorts last, ascending or descending. */
  readonly sort: readonly SortKey[];
  /** The sort values of the last match of the page before, in the order of `sort`. */
  readonly after?: readonly (number | string | null)[];
  /** At most this many matches; at least 1. */
  readonly limit: number;
  /** The patient compartment that the search is known to stay in ("Patient/123"): targets one shard. */
  readonly patient?: string;
}

/** What a join needs of the resources that match, instead of the resources. */
export interface StoreCollect extends Pick<StoreSearch, 'types' | 'where' | 'patient'> {
  /** Which entries of `s` are wanted, by how they start; undefined: `Type/id` of each match. */
  readonly prefixes?: readonly string[];
  /** At most this many texts, each once; at least 1. */
  readonly limit: number;
}

/** A match and its sort values (for the cursor of the next page). */
export interface SearchMatch {
  readonly resource: ResourceVersion;
  readonly sortValues: readonly (number | string | null)[];
}
