/** The one bench that benchmarks are run on: one at a time over all gateways, kept when they end, cleaned up after a crash. */
import type { JobControl, JobReport, Jobs } from '../../jobs/jobs.ts';
import { notFound } from '../../model/error.ts';
import type { Administration } from '../../store/administration.ts';
import { BENCHMARK_LEASE_MS, type BenchmarkRuns, type KeptRun } from '../../store/benchmark/kept-runs.ts';
import type { BenchmarkReport } from './report.ts';

interface KeptReport extends Omit<KeptRun, 'report'> {
  readonly report: BenchmarkReport;
}

export interface BenchmarkBench {
  /** Gives the job's id, or undefined while another run is under way, on whichever gateway. */
  start(client: string, work: (control: JobControl) => Promise<BenchmarkReport>): Promise<string | undefined>;
  job(id: string, client: string): JobReport<BenchmarkReport> | undefined;
  cancel(id: string, client: string): boolean;
  /** The newest first. */
  kept(): Promise<readonly KeptReport[]>;
  /** A kept run by its id, or the newest. @throws FhirError 404 */
  find(id: string | undefined, parameter: string): Promise<KeptReport>;
  /** Cancels what is under way and waits for it to have cleaned up. */
  close(): Promise<void>;
}

export interface BenchOptions {
  readonly jobs: Jobs<BenchmarkReport>;
  readonly runs: BenchmarkRuns;
  readonly administration: Pick<Administration, 'clinical' | 'administrative'>;
  readonly now: () => number;
  /** Names this gateway. */
  readonly holder: string;
  readonly log: (message: string, error?: unknown) => void;
}

export function openBench({ jobs, runs, administration, now, holder, log }: BenchOptions): BenchmarkBench {
  let isClosed = false;
  let isTaken = false;
  let holding: Promise<unknown> = Promise.resolve();
  let sweeping: NodeJS.Timeout | undefined;
  const problem = (error: unknown) => log('the benchmarks’ place could not be taken or given back', error);

  /** Runs `work` while this gateway holds the place; undefined if another does, or it is taken here already. */
  async function alone<Result>(work: () => Promise<Result>): Promise<{ readonly done: Promise<Result> } | undefined> {
    if (isTaken || isClosed) return undefined;
    isTaken = true;
    let isMine = false;
    try {
      isMine = await runs.take(holder);
    } finally {
      isTaken = isMine;
    }
    if (!isMine) return undefined;
    const renewing = setInterval(() => runs.take(holder).catch(problem), BENCHMARK_LEASE_MS / 3).unref();
    const done = work().finally(async () => {
      clearInterval(renewing);
      await runs.release(holder).catch(problem);
      isTaken = false;
    });
    holding = done.catch(() => undefined);
    return { done };
  }

  async function sweep(): Promise<void> {
    await Promise.all([administration.clinical.sweepGrounds(), administration.administrative.sweepGrounds()]);
  }

  /** What a crash left behind; while another gateway has the place, or the crashed one's lease lasts, it is tried later. */
  async function sweepOrWait(): Promise<void> {
    const held = await alone(sweep).catch(() => undefined);
    const isSwept = held
      ? await held.done.then(
          () => true,
          () => false,
        )
      : false;
    if (!isSwept && !isClosed) sweeping = setTimeout(sweepOrWait, BENCHMARK_LEASE_MS).unref();
  }

  async function carryOut(control: JobControl, work: (control: JobControl) => Promise<BenchmarkReport>): Promise<BenchmarkReport> {
    const startedAt = new Date(now());
    await sweep();
    const report = await work(control);
    if (!control.isCancelled()) await runs.keep({ id: control.id, startedAt, finishedAt: new Date(now()), report: JSON.stringify(report) });
    return report;
  }

  const kept = async () => (await runs.list()).map(({ report, ...run }) => ({ ...run, report: JSON.parse(report) as BenchmarkReport }));

  const swept = sweepOrWait();

  return {
    async start(client, work) {
      await swept;
      const started = Promise.withResolvers<string | undefined>();
      let isFailed = false;
      const held = await alone(async () => {
        const ended = Promise.withResolvers<void>();
        const noted = (error: unknown) => {
          isFailed = true;
          throw error;
        };
        const job = jobs.start(client, (control) => carryOut(control, work).catch(noted).finally(ended.resolve));
        started.resolve(job?.id);
        if (job) await ended.promise;
      });
      // It may not have been able to clear up itself.
      held?.done.then(() => (isFailed ? sweepOrWait() : undefined), problem);
      return held && started.promise;
    },
    job: (id, client) => jobs.find(id, client),
    cancel: (id, client) => jobs.cancel(id, client),
    kept,
    async find(id, parameter) {
      const found = (await kept()).find((run) => id === undefined || run.id === id);
      if (!found) throw notFound(id === undefined ? 'no run of the benchmark is kept' : `no run "${id}" is kept (${parameter})`);
      return found;
    },
    async close() {
      isClosed = true;
      clearTimeout(sweeping);
      await swept;
      await jobs.close();
      await holding;
    },
  };
}
