/** A search as a store takes it. The planner makes it, every store answers it. */
import type { Decimal } from '../../model/decimal.ts';
import type { ResourceVersion } from '../../model/resource.ts';
import type { SearchExpression } from './expression.ts';

/**
 * One sort key: a parameter code whose scalar is in `index.o` (ascending by its `min`, descending by its `max`), `_id`,
 * `_lastUpdated`, or `_identity`: the order of `identityOf` (model/resource), which every store has for nothing.
 */
export interface SortKey {
  readonly parameter: string;
  readonly descending: boolean;
  /** No resource has two such values: ascending and descending look at the same one, so one index serves both. */
  readonly isSingle?: true;
  /** The value is that of another resource. `parameter` is then as the client wrote it. No store is given such a key. */
  readonly hop?: SortHop;
}

/** Where the value to sort by is, if it is not the resource's own. */
export interface SortHop {
  /** The reference parameter that is followed. */
  readonly code: string;
  /** The types that it may lead to, each with the key there, which may hop again. */
  readonly into: readonly { readonly type: string; readonly key: SortKey }[];
}

/** A search of one or several types of one store, planned to the end: no chains, no includes. */
export interface StoreSearch {
  readonly types: readonly string[];
  readonly where: SearchExpression;
  /** Always ends in `_identity`, so that the order is total. A missing value sorts last, ascending or descending. */
  readonly sort: readonly SortKey[];
  /** The sort values of the last match of the page before, in the order of `sort`. */
  readonly after?: readonly (number | string | null)[];
  /** The matches *before* `after`, the nearest first: the whole order turned round, missing values included. */
  readonly backward?: true;
  /** At most this many matches; at least 1. */
  readonly limit: number;
  /** The patient compartment that the search is known to stay in ("Patient/123"): targets one shard. */
  readonly patient?: string;
  /** Ends the search when aborted, in the database too; the search then fails with the signal's reason. */
  readonly signal?: AbortSignal;
  /**
   * Told, in a sentence, of each part of the data that can't be searched now and is left out. Without it a store that
   * can't search all of it refuses with 503: a page is never short in silence.
   */
  readonly missing?: ((why: string) => void) | undefined;
}

/** What is searched for, without how it is given. */
export type SearchScope = Pick<StoreSearch, 'types' | 'where' | 'patient' | 'signal' | 'missing'>;

/** What a join needs of the resources that match, instead of the resources. */
export interface StoreCollect extends SearchScope {
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

/** What the resources of an aggregate are told apart by. */
export type GroupKey =
  /** The least (by bytes) of the texts that entries of `s` have after one of these starts. */
  | { readonly kind: 'entry'; readonly starts: readonly string[] }
  /** The part of time, in UTC, that the least scalar of this parameter (or `_lastUpdated`) lies in; the years 1 to 9999 only. */
  | { readonly kind: 'time'; readonly parameter: string; readonly unit: TimeUnit };

/** Written "2024", "2024-03", "2024-W09" (ISO 8601) and "2024-03-01". */
export type TimeUnit = 'year' | 'month' | 'week' | 'day';

/** A count of what matches, group by group, of one type at most. Each resource is in exactly one group. */
export interface StoreAggregate extends SearchScope {
  readonly groups: readonly GroupKey[];
  /** The parameter whose amounts (`SortScalar.unit`) are added up, unit by unit. */
  readonly measure?: string;
  /** At most this many rows; at least 1. */
  readonly limit: number;
}

/** One group, and one unit of it if there is a measure. Sums are of decimals of up to 15 significant digits, and exact. */
export interface AggregateRow {
  /** In the order of the request's groups; null for a resource without such a value. */
  readonly groups: readonly (string | null)[];
  /** Null for the resources that have no one amount. */
  readonly unit: string | null;
  readonly count: number;
  /** Absent without a unit. */
  readonly amounts?: { readonly sum: Decimal; readonly min: Decimal; readonly max: Decimal };
}
