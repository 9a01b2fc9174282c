/** Jobs that outlive the gateway that carries them out: kept in the store, each leased to one gateway at a time. */

export interface LeasedJob {
  readonly id: string;
  /** Milliseconds since 1970; a job with it is done for good. */
  readonly completedAt?: number;
}

export interface LeasedJobs<Job extends LeasedJob> {
  /** False if a job with this id is there. */
  add(job: Job): Promise<boolean>;
  list(): Promise<readonly Job[]>;
  /** Those that are not complete. */
  listOpen(): Promise<readonly Job[]>;
  /** Leases a job that is not complete; undefined if another gateway has it. */
  take(id: string, holder: string): Promise<Job | undefined>;
  /** Keeps what has been done and renews the lease; false if the job is gone or another's. */
  save(job: Job, holder: string): Promise<boolean>;
  release(id: string, holder: string): Promise<void>;
  remove(id: string): Promise<void>;
}
