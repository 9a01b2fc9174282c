/** Moving a patient's whole record to another record key, and so to another zone. */
import type { Author, ResourceKey } from '../model/resource.ts';
import type { LeasedJob, LeasedJobs } from './leased-jobs.ts';

/** Each step may be repeated after a crash half-way. */
export interface RecordMover {
  /**
   * Moves those of the resources that lie under `from`, each with its versions. A search of the record finds each of them once all the
   * while, whether it looks under `from` or under `to`. Nobody may write to the record meanwhile.
   */
  move(keys: readonly ResourceKey[], from: string, to: string): Promise<void>;
  /** Makes what lies in other records, and is about the patient too, be found under `to` as well. */
  point(patientId: string, from: string, to: string): Promise<void>;
  /** When nobody looks under `from` any more: leaves there only what says where everything has gone. */
  tidy(patientId: string, from: string, to: string): Promise<void>;
}

/** Where the record key tells nothing of the place: it is written anew. */
export interface RecordRenamer {
  /** Rows in an archive keep the key that they have. */
  rename(keys: readonly ResourceKey[], from: string, to: string): Promise<void>;
}

/**
 * - `wanted`: a version of the patient that another zone is right for has been, or is about to be, committed;
 * - `closed`: the record takes no writes, and is moved;
 * - `moved`: it lies at its new place, of which all gateways are told;
 * - `tidying`: it takes writes again, and what is left at the old place is removed.
 */
type MovePhase = 'wanted' | 'closed' | 'moved' | 'tidying';

/** The move of a record: kept in the store, so that it outlives the gateway that carries it out. Ids sort by age for each patient. */
export interface MoveJob extends LeasedJob {
  /** See `subjectOf`. */
  readonly subject: string;
  /** Logical id of the patient; gone when the job is complete. */
  readonly patient?: string;
  readonly phase: MovePhase;
  /** Record keys; absent while it is only wanted. */
  readonly from?: string;
  readonly to?: string;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  /** Resources so far. */
  readonly moved: number;
  /** Who wrote the patient that has to be moved; gone when the job is complete. */
  readonly by?: Author;
}

export type MoveJobs = LeasedJobs<MoveJob>;
