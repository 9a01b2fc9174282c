/** How a gateway carries out jobs that outlive it: one round of work at a time, each job leased, carried on and given back. */
import type { LeasedJob, LeasedJobs } from '../store/leased-jobs.ts';

interface LeasedWorkOptions<Job extends LeasedJob> {
  readonly jobs: Pick<LeasedJobs<Job>, 'take' | 'release'>;
  readonly holder: string;
  /** May end half-way when it is told to stop: whoever takes the job next carries on from what it has saved. */
  readonly carryOn: (job: Job, isStopping: () => boolean) => Promise<void>;
  /** Told of a job that failed; it is tried again. */
  readonly onInterrupted: (job: Job, error: unknown) => void;
}

export interface LeasedWork {
  /** Begins a round unless one is under way or the work is stopping. */
  begin(round: () => Promise<void>, onProblem: (error: unknown) => void): void;
  /** Carries a job on. False if another gateway has it, or it is complete. */
  take(id: string): Promise<boolean>;
  isStopping(): boolean;
  /** No further round begins. Resolves when the one under way has ended. */
  stop(): Promise<void>;
}

export function createLeasedWork<Job extends LeasedJob>({ jobs, holder, carryOn, onInterrupted }: LeasedWorkOptions<Job>): LeasedWork {
  let hasStopped = false;
  let working: Promise<void> | undefined;
  const isStopping = () => hasStopped;
  return {
    isStopping,
    begin(round, onProblem) {
      if (hasStopped) return;
      working ??= round()
        .catch(onProblem)
        .finally(() => {
          working = undefined;
        });
    },
    async take(id) {
      const job = await jobs.take(id, holder);
      if (!job) return false;
      try {
        await carryOn(job, isStopping);
      } catch (error) {
        onInterrupted(job, error);
      } finally {
        await jobs.release(id, holder).catch(() => undefined);
      }
      return true;
    },
    async stop() {
      hasStopped = true;
      await working;
    },
  };
}
