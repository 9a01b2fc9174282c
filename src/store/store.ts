/** What a store of resources can do. MongoDB, PostgreSQL, memory and their placement all implement this and no more. */
import type { ResourceDraft, ResourceKey, ResourceVersion } from '../model/resource.ts';
import type { SearchExpression } from '../search/expression/expression.ts';
import type { AggregateRow, SearchMatch, SearchScope, StoreAggregate, StoreCollect, StoreSearch } from '../search/expression/search.ts';
import type { StageExplanation } from './explain.ts';

/** One change to one resource. The draft is final, its version number included. */
export type Write =
  /**
   * A resource that never was: refused with `exists` if `Type/id` is known, even as a deletion. `draft.version` is 1.
   * `idAssigned`: the server made the id (POST), so nobody else can hold it; false for an id that a client chose (PUT).
   */
  | { readonly kind: 'create'; readonly draft: ResourceDraft; readonly idAssigned: boolean }
  /** A new version (a deletion too: `draft.deleted`) over `previous`: refused with `version` unless that is still current. */
  | { readonly kind: 'replace'; readonly draft: ResourceDraft; readonly previous: ResourceVersion };

/**
 * Makes a conditional write safe against its twin: under a lock on `key` the search runs again, inside the commit, and
 * must find exactly `expected`; else the commit is refused with `guard`.
 */
export interface Guard {
  /** A hash of type and criteria, the same for the same condition: 40 hex digits. */
  readonly key: string;
  readonly type: string;
  readonly where: SearchExpression;
  /** The one patient that the condition names, "Patient/p1": then one record is looked through. */
  readonly patient?: string;
  /** Logical ids that the condition matched when the interaction decided; at most 2. */
  readonly expected: readonly string[];
}

/** Makes a POST repeatable: kept in the commit, so the answer exists exactly if the writes do. */
export interface Idempotency {
  /** A hash of client and `Idempotency-Key`: 40 hex digits. */
  readonly key: string;
  /** A hash of method, URL and body: 40 hex digits. */
  readonly bodyHash: string;
  /** What a replay answers: JSON text (status, location and etag by entry). */
  readonly answer: string;
}

/** Writes that become visible together or not at all. No two writes name the same resource. */
export interface UnitOfWork {
  readonly writes: readonly Write[];
  readonly guards?: readonly Guard[];
  readonly idempotency?: Idempotency;
}

/** Why a commit was refused; nothing was written. The interaction decides whether to start again or to tell the client. */
export class CommitRefused extends Error {
  readonly reason: 'exists' | 'version' | 'guard' | 'idempotency';
  readonly key: ResourceKey | undefined;

  constructor(reason: 'exists' | 'version' | 'guard' | 'idempotency', key?: ResourceKey) {
    super(`commit refused: ${reason}${key ? ` ${key.type}/${key.id}` : ''}`);
    this.name = 'CommitRefused';
    this.reason = reason;
    this.key = key;
  }
}

/** Where a page of history goes on: after this version, newest first. */
export interface HistoryPosition {
  readonly at: number;
  /** `identityOf(version)`, see model/resource. */
  readonly identity: string;
  readonly version: number;
}

/** Versions of one resource (`type` and `id`), of one or several types, or of all types that the store holds. */
export interface HistoryRequest {
  readonly types?: readonly string[];
  readonly id?: string;
  /** Only versions made at or after this instant (`_since`), milliseconds. */
  readonly since?: number;
  /** Only versions that were current at some time in this period (`_at`), milliseconds. */
  readonly during?: { readonly from: number; readonly to: number };
  /** Only versions made at or before this instant: the watermark of the first page. */
  readonly until?: number;
  readonly after?: HistoryPosition;
  /** At most this many versions; at least 1. */
  readonly limit: number;
  /** Ends the work when aborted, see `StoreSearch`. */
  readonly signal?: AbortSignal;
}

export type {
  AggregateRow,
  GroupKey,
  SearchMatch,
  SearchScope,
  SortHop,
  SortKey,
  StoreAggregate,
  StoreCollect,
  StoreSearch,
  TimeUnit,
} from '../search/expression/search.ts';

export interface ResourceStore {
  /** The current version, also of a deletion; undefined if there never was one. */
  read(key: ResourceKey): Promise<ResourceVersion | undefined>;
  /** That version, also if it is the current one or a deletion; undefined if there is none. */
  readVersion(key: ResourceKey, version: number): Promise<ResourceVersion | undefined>;
  /** Newest first: by `at` descending, then identity ascending, version descending. Deletions are included. */
  history(request: HistoryRequest): Promise<readonly ResourceVersion[]>;
  /** Deletions never match. */
  search(search: StoreSearch): Promise<readonly SearchMatch[]>;
  /** How many resources match. `isShort`: two seconds are enough. @throws FhirError 503 `timeout` */
  count(search: SearchScope, isShort?: boolean): Promise<number>;
  /** About how many resources match: exact while they are few, and cheap however many they are. */
  estimate(search: SearchScope): Promise<number>;
  /** How the databases run the search, which they do. */
  explain(search: StoreSearch): Promise<readonly StageExplanation[]>;
  /** Keys or reference entries of what matches, in no order. */
  collect(request: StoreCollect): Promise<readonly string[]>;
  /** Counts and sums by group, in no order. */
  aggregate(request: StoreAggregate): Promise<readonly AggregateRow[]>;
  /**
   * Makes all writes of the unit visible, durably, or none.
   * @throws CommitRefused when a precondition does not hold
   * @throws FhirError 503 when the store can't be reached; the outcome is then decided and the same unit may be sent again
   */
  commit(unit: UnitOfWork): Promise<void>;
  /** The idempotency record with this key, if a commit kept one. */
  findIdempotency(key: string): Promise<Idempotency | undefined>;
}
