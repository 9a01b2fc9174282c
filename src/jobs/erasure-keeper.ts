/**
 * Carries out erasures, one at a time over all gateways, and closes the records that are being erased to writes.
 *
 * Every gateway looks once a second which records these are. A gateway that has not heard of a run yet may still write:
 * the run looks again for what such writes left, after they are decided.
 */
import { type Rounds, startRounds } from '../lifecycle/rounds.ts';
import type { ErasureJob, ErasureJobs } from '../store/erasure.ts';
import type { Write } from '../store/store.ts';
import { createLeasedWork } from './leased-work.ts';
import { type ErasureServices, runErasure } from './run-erasure.ts';

interface ErasureKeeperOptions extends Omit<ErasureServices, 'isStopping'> {
  /** True while the record is on its way to another place: its erasure then waits. Asks the store. */
  readonly isBeingMoved: (patient: string) => Promise<boolean>;
  /** Forgets every version that this gateway remembers. */
  readonly forget: () => void;
  readonly log: (message: string, detail: object) => void;
}

export interface ErasureKeeper {
  readonly jobs: ErasureJobs;
  /** What it works with: plans can be made without it. */
  readonly services: Omit<ErasureServices, 'isStopping'>;
  /** Asks what is being erased; then, and every second, records are closed and opened. */
  refresh(): Promise<void>;
  /** True for a write to a record that is being erased. */
  isClosed(write: Write): boolean;
  /** Looks for work until it is stopped. */
  start(): void;
  /** Ends after the batch under way; what is left is taken up later, by whomever. */
  stop(): Promise<void>;
}

const LOOK_EVERY_MS = 1_000;

export function createErasureKeeper(options: ErasureKeeperOptions): ErasureKeeper {
  const { jobs, holder, forget, log } = options;
  let looks: Rounds | undefined;
  let closed: ReadonlySet<string> = new Set();
  let closedKeys: ReadonlySet<string> = new Set();

  function close(patients: readonly string[]): void {
    closed = new Set(patients.map((patient) => `Patient/${patient}`));
    closedKeys = new Set(patients.flatMap((patient) => options.placesOf(patient)));
  }

  async function refresh(): Promise<readonly ErasureJob[]> {
    const open = await jobs.listOpen();
    closeThoseOf(open);
    return open;
  }

  function closeThoseOf(open: readonly ErasureJob[]): void {
    const patients = open.flatMap(({ patient }) => patient ?? []);
    const before = [...closed].map((reference) => reference.slice('Patient/'.length));
    if (patients.length === before.length && patients.every((patient) => before.includes(patient))) return;
    // Closed first and opened last: nothing is built meanwhile on what was remembered.
    close([...before, ...patients]);
    forget();
    close(patients);
  }

  const work = createLeasedWork<ErasureJob>({
    jobs,
    holder,
    async carryOn(job, isStopping) {
      const isDone = await runErasure(job, { ...options, isStopping });
      if (isDone) log('a record has been erased', { job: job.id });
    },
    onInterrupted: (job, error) => log('an erasure was interrupted; it is tried again', { job: job.id, error }),
  });

  async function look(): Promise<void> {
    const open = await refresh();
    if (open.length > 0)
      work.begin(
        () => workOn(open),
        (error) => log('looking for erasures failed', { error }),
      );
  }

  async function workOn(open: readonly ErasureJob[]): Promise<void> {
    for (const { id, patient } of open) {
      if (work.isStopping()) return;
      if (patient !== undefined && (await options.isBeingMoved(patient))) continue;
      if (await work.take(id)) await refresh().catch(() => undefined);
    }
  }

  return {
    jobs,
    services: options,
    refresh: async () => void (await refresh()),
    isClosed({ draft, ...write }) {
      if (closed.size === 0) return false;
      if (closedKeys.has(draft.rk) || draft.index.patients.some((patient) => closed.has(patient))) return true;
      return 'previous' in write && closedKeys.has(write.previous.rk);
    },
    start() {
      const problem = (error: unknown) => log('what is being erased could not be read', { error });
      looks = startRounds(look, { everyMs: LOOK_EVERY_MS, problem });
    },
    async stop() {
      const stopped = work.stop();
      await looks?.stop();
      await stopped;
    },
  };
}
