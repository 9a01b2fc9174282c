/** Removing resources for good, so that it is as if they had never been: no tombstone stays. */
import type { ResourceKey, ResourceVersion } from '../model/resource.ts';
import type { LeasedJobs } from './leased-jobs.ts';

export interface ErasureStore {
  /** Waits until what is prepared and undecided now is decided. */
  settle(): Promise<void>;
  /** Resources of which any version lies under the record key, deleted and moved ones as well. May read a whole table. */
  lyingIn(rk: string): Promise<readonly ResourceKey[]>;
  /**
   * Current versions that are not to be read in the ordinary way because their year is archived, and lie or once lay under the
   * record key. May read whole files. @throws FhirError 409 while the year is worked on, 503 where its file is not to be had
   */
  archivedIn(rk: string): Promise<readonly ResourceVersion[]>;
  /**
   * Removes the resources: every version wherever it lay, and what leads to it. Safe to repeat after a crash half-way.
   * `rk` is a record key under which parts of them may lie that nothing leads to any more.
   */
  erase(keys: readonly ResourceKey[], rk: string): Promise<void>;
  /** Removes versions that are no longer current and lie under the record key: those, or all. The resource itself stays. */
  erasePast(key: ResourceKey, rk: string, versions: readonly number[] | 'all'): Promise<void>;
  /**
   * Removes what was kept to repeat answers, where the answer (its text) is such, and what the ledger keeps of commits that
   * wrote one of the resources named (`Type/id`). Gives how many.
   */
  eraseAnswers(isSuch: (answer: string) => boolean, erased: ReadonlySet<string>): Promise<number>;
}

export interface ErasedCount {
  readonly store: 'mongodb' | 'postgresql' | 'memory';
  readonly type: string;
  readonly resources: number;
  /** Their versions, deletions included; and versions of resources that stay. */
  readonly versions: number;
}

/** One resource, or past versions of one that stays, as the plan found it. */
export interface ErasureItem extends ResourceKey {
  /** All of it; past versions; or remains of a write that was never finished, which no resource has. */
  readonly kind: 'whole' | 'past' | 'remains';
  /** Version numbers. */
  readonly versions: readonly number[];
}

/** The erasure of a record: kept in the store, so that it outlives the gateway that carries it out. */
export interface ErasureJob {
  readonly id: string;
  /** Who asked for it. */
  readonly client: string;
  readonly subject: string;
  readonly request: string;
  /** Logical id of the patient; gone when the job is complete. */
  readonly patient?: string;
  /** `Type/id` of resources that go although other patients are in them too. */
  readonly also: readonly string[];
  readonly startedAt: number;
  readonly completedAt?: number;
  readonly counts: readonly ErasedCount[];
  /** Kept answers that were removed. */
  readonly answers: number;
  /** Of what was removed: see `jobs/erasure-digest.ts`. */
  readonly digest: string;
  /** What is being removed now; not in counts and digest yet. */
  readonly pending?: readonly ErasureItem[];
  /** How many the pass under way has to remove. */
  readonly planned?: number;
  readonly removed: number;
  /** `Type/id` of what stays because it is in other patients' records as well; the first thousand. */
  readonly kept: readonly string[];
  /** The signed report: a JWS. */
  readonly report?: string;
  /** What stopped it last; it is tried again. */
  readonly problem?: string;
}

export type ErasureJobs = LeasedJobs<ErasureJob>;
