/** One run over the index: page by page, kept after each, so that whoever takes it up goes on where it was. */
import { setTimeout as sleep } from 'node:timers/promises';
import { startRounds } from '../lifecycle/rounds.ts';
import { FhirError } from '../model/error.ts';
import { NO_ENTRIES, type ResourceVersion } from '../model/resource.ts';
import type { Indexer } from '../search/parameters/indexer.ts';
import type { ArchivedYears, PartProgress, ReindexJob, ReindexJobs, ReindexStore, RenewedYear } from '../store/reindex.ts';

export interface ReindexServices {
  readonly jobs: ReindexJobs;
  readonly store: ReindexStore;
  readonly indexer: Indexer;
  /** Archived years, brought into today's form by a run that goes through texts. */
  readonly archives?: Pick<ArchivedYears, 'list'> & {
    renew(partition: string, isStopping: () => boolean): Promise<RenewedYear>;
  };
  /** About how many resources there are of these types. */
  readonly count: (types: readonly string[]) => Promise<number>;
  readonly now: () => number;
  readonly holder: string;
  readonly isStopping: () => boolean;
}

/** Resources looked at before what was done is kept. */
const PAGE = 250;
/** The pause after a page as a multiple of the time that it took: half of one connection at most is busy. */
const REST = 1;
const MOST_REST_MS = 2_000;
/** Often enough to keep the lease while a year is written anew. */
const BEAT_MS = 3_000;
const ASK_AGAIN_MS = 500;

/**
 * Carries the job on to its end, or until it is stopped or another gateway has it. Gives the job that is done.
 * @throws what the stores throw; it is kept with the job, whose work goes on when it is taken up again
 */
export async function runReindex(job: ReindexJob, services: ReindexServices): Promise<ReindexJob | undefined> {
  let state = job;
  const save = async (next: ReindexJob) => {
    state = next;
    return services.jobs.save(next, services.holder);
  };
  try {
    return (await runParts(job, () => state, save, services)) ? state : undefined;
  } catch (error) {
    await save({ ...state, problem: error instanceof Error ? error.message : String(error) }).catch(() => false);
    throw error;
  }
}

async function runParts(
  job: ReindexJob,
  current: () => ReindexJob,
  save: (job: ReindexJob) => Promise<boolean>,
  services: ReindexServices,
): Promise<boolean> {
  if (!(await save(job.parts ? job : await begin(job, services)))) return false;
  for (const [at, { isComplete }] of (current().parts ?? []).entries()) {
    if (!isComplete && !(await runPart(at, current, save, services))) return false;
  }
  if (job.awaits !== undefined && !(await runArchives(current, save, services))) return false;
  const { problem: _problem, ...done } = current();
  return save({ ...done, completedAt: services.now() });
}

async function begin(job: ReindexJob, { store, count }: ReindexServices): Promise<ReindexJob> {
  await store.settle();
  const [parts, total] = await Promise.all([store.parts(job.types, job.awaits !== undefined), count(job.types)]);
  return { ...job, total, parts: parts.map((part) => ({ part, done: 0, isComplete: false })) };
}

async function runPart(
  at: number,
  current: () => ReindexJob,
  save: (job: ReindexJob) => Promise<boolean>,
  services: ReindexServices,
): Promise<boolean> {
  for (;;) {
    if (services.isStopping()) return false;
    const startedAt = performance.now();
    const job = current();
    const parts = job.parts ?? [];
    const next = await runPage(parts[at] as PartProgress, services);
    if (!(await save({ ...job, parts: parts.with(at, next) }))) return false;
    if (next.isComplete) return true;
    await sleep(Math.min(MOST_REST_MS, REST * (performance.now() - startedAt)));
  }
}

/** They come last: what is archived meanwhile is among them, and what is restored meanwhile comes back in today's form. */
async function runArchives(
  current: () => ReindexJob,
  save: (job: ReindexJob) => Promise<boolean>,
  { archives, isStopping }: ReindexServices,
): Promise<boolean> {
  for (const name of (await archives?.list()) ?? []) {
    const { done, passedBy } = current().archives ?? { done: [], passedBy: [] };
    if (done.includes(name)) continue;
    const beat = startRounds(() => save(current()), { everyMs: BEAT_MS, problem: () => undefined });
    const renewed = await whenFree(() => archives?.renew(name, isStopping), isStopping).finally(() => beat.stop());
    if (!renewed || renewed.kind === 'stopped') return false;
    const others = passedBy.filter((each) => each.name !== name);
    const next =
      renewed.kind === 'passed by'
        ? { done, passedBy: [...others, { name, problem: renewed.problem }] }
        : { done: [...done, name], passedBy: others };
    if (!(await save({ ...current(), archives: next }))) return false;
  }
  return true;
}

/** Somebody else may work on the year just now. */
async function whenFree<T>(work: () => Promise<T> | undefined, isStopping: () => boolean): Promise<T | undefined> {
  for (; !isStopping(); await sleep(ASK_AGAIN_MS)) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof FhirError) || error.status !== 409) throw error;
    }
  }
  return undefined;
}

async function runPage(progress: PartProgress, { store, indexer }: ReindexServices): Promise<PartProgress> {
  const { versions, after } = await store.page(progress.part, progress.after, PAGE);
  const indexOf = (version: ResourceVersion) => (progress.part.isPast ? NO_ENTRIES : indexer.entries(JSON.parse(version.raw), version));
  const items = versions.map((version) => ({ version, index: indexOf(version) }));
  await store.rewrite(progress.part, items);
  const done = progress.done + versions.length;
  return { part: progress.part, done, isComplete: after === undefined, ...(after !== undefined && { after }) };
}
