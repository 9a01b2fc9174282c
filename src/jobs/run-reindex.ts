/** One run over the index: page by page, kept after each, so that whoever takes it up goes on where it was. */
import { setTimeout as sleep } from 'node:timers/promises';
import { NO_ENTRIES, type ResourceVersion } from '../model/resource.ts';
import type { Indexer } from '../search/parameters/indexer.ts';
import type { PartProgress, ReindexJob, ReindexJobs, ReindexStore } from '../store/reindex.ts';

export interface ReindexServices {
  readonly jobs: ReindexJobs;
  readonly store: ReindexStore;
  readonly indexer: Indexer;
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

/**
 * Carries the job on to its end, or until it is stopped or another gateway has it. True at its end.
 * @throws what the stores throw; it is kept with the job, whose work goes on when it is taken up again
 */
export async function runReindex(job: ReindexJob, services: ReindexServices): Promise<boolean> {
  let state = job;
  const save = async (next: ReindexJob) => {
    state = next;
    return services.jobs.save(next, services.holder);
  };
  try {
    return await runParts(job, () => state, save, services);
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

async function runPage(progress: PartProgress, { store, indexer }: ReindexServices): Promise<PartProgress> {
  const { versions, after } = await store.page(progress.part, progress.after, PAGE);
  const indexOf = (version: ResourceVersion) => (progress.part.isPast ? NO_ENTRIES : indexer.entries(JSON.parse(version.raw), version));
  const items = versions.map((version) => ({ version, index: indexOf(version) }));
  await store.rewrite(progress.part, items);
  const done = progress.done + versions.length;
  return { part: progress.part, done, isComplete: after === undefined, ...(after !== undefined && { after }) };
}
