/** What is kept of benchmarks: the figures of the latest runs, and the one place that a run or a clean-up can take. */

export interface KeptRun {
  readonly id: string;
  readonly startedAt: Date;
  readonly finishedAt: Date;
  /** The figures as JSON; what they look like is `$benchmark`'s affair. */
  readonly report: string;
}

/** How many runs are kept; older ones go. */
export const RUNS_KEPT = 20;

export interface BenchmarkRuns {
  /** Takes the place for `holder`; false if another has it. It has to be taken again within its lease, or it is free. */
  take(holder: string): Promise<boolean>;
  release(holder: string): Promise<void>;
  keep(run: KeptRun): Promise<void>;
  /** The newest first. */
  list(): Promise<readonly KeptRun[]>;
}

/** How long a holder that says nothing keeps the place; milliseconds. */
export const BENCHMARK_LEASE_MS = 15_000;
