/**
 * The erasure of one record: planned, removed in batches, planned again until nothing is left. What a batch removes is kept
 * before it is removed, so that a gateway that takes the run up counts everything once.
 */
import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { keyText } from '../model/resource.ts';
import type { ErasedCount, ErasureItem, ErasureJob, ErasureJobs } from '../store/erasure.ts';
import { namesOf, withName } from './erasure-digest.ts';
import { type ErasurePlanServices, planErasure } from './plan-erasure.ts';

export interface ErasureServices extends ErasurePlanServices {
  readonly jobs: ErasureJobs;
  readonly now: () => number;
  /** Everything made at or before this instant is visible or will never be; milliseconds since 1970. */
  readonly watermark: () => number | Promise<number>;
  /** After this long every gateway has heard of the run and takes no more writes to the record; milliseconds. */
  readonly heardAfterMs: () => number;
  readonly holder: string;
  readonly isStopping: () => boolean;
  readonly storeOf: (type: string) => ErasedCount['store'];
  /** Signs the report. */
  readonly seal: (report: object) => Promise<string>;
  /** Puts the completion on record. @throws when it can't be: the run then is not complete */
  readonly record: (job: ErasureJob) => void;
}

const BATCH = 200;
const LOOK_EVERY_MS = 100;
const MOST_KEPT = 1_000;

/** Carries the run on to its end, or until it is stopped or another gateway has it. True at its end. */
export async function runErasure(job: ErasureJob, services: ErasureServices): Promise<boolean> {
  const { patient } = job;
  if (patient === undefined) return false;
  let state = job;
  const save = (next: ErasureJob) => {
    state = next;
    return services.jobs.save(next, services.holder);
  };
  const remove = () => removePending(() => state, patient, save, services);
  const pass = async () => {
    const plan = await planErasure(patient, state.also, services);
    // What pointed at a Binary is not there any more in a later pass.
    const kept = [...new Set([...state.kept, ...plan.shared])].slice(0, MOST_KEPT);
    const isHeld = await save({ ...state, planned: state.removed + plan.items.length, kept });
    if (!isHeld || plan.items.length === 0) return { isHeld, isEmpty: true };
    const answers = await services.erasure.eraseAnswers(namesAny(plan.items), new Set(plan.items.map(keyText)));
    state = { ...state, answers: state.answers + answers };
    for (let start = 0; start < plan.items.length; start += BATCH) {
      if (services.isStopping()) return { isHeld: false, isEmpty: false };
      if (!(await save({ ...state, pending: plan.items.slice(start, start + BATCH) })) || !(await remove()))
        return { isHeld: false, isEmpty: false };
    }
    return { isHeld: true, isEmpty: false };
  };
  const untilNothingIsLeft = async () => {
    for (;;) {
      const { isHeld, isEmpty } = await pass();
      if (!isHeld || isEmpty) return isHeld;
    }
  };
  if (state.pending && !(await remove())) return false;
  if (!(await untilNothingIsLeft()) || !(await untilNobodyWrites(state, services)) || !(await untilNothingIsLeft())) return false;
  return complete(state, save, services);
}

/** Waits until writes that began before every gateway had heard of the run are decided. */
async function untilNobodyWrites({ startedAt }: ErasureJob, services: ErasureServices): Promise<boolean> {
  const { now, watermark, isStopping, erasure, heardAfterMs } = services;
  while (now() < startedAt + heardAfterMs() && !isStopping()) await sleep(LOOK_EVERY_MS);
  const since = now();
  while (!isStopping() && (await watermark()) < since) await sleep(LOOK_EVERY_MS);
  await erasure.settle();
  return !isStopping();
}

async function removePending(
  current: () => ErasureJob,
  patient: string,
  save: (job: ErasureJob) => Promise<boolean>,
  { erasure, storeOf, placesOf }: ErasureServices,
): Promise<boolean> {
  const { pending = [], ...job } = current();
  const places = placesOf(patient);
  const whole = pending.filter(({ kind }) => kind === 'whole');
  for (const rk of places) {
    if (whole.length > 0) await erasure.erase(whole, rk);
    for (const item of pending) {
      if (item.kind !== 'whole') await erasure.erasePast(item, rk, item.kind === 'remains' ? 'all' : item.versions);
    }
  }
  return save({
    ...job,
    removed: job.removed + pending.length,
    counts: pending.reduce((counts, item) => counted(counts, item, storeOf(item.type)), job.counts),
    digest: pending.flatMap(namesOf).reduce(withName, job.digest),
  });
}

function counted(counts: readonly ErasedCount[], item: ErasureItem, store: ErasedCount['store']): readonly ErasedCount[] {
  const { type, kind, versions } = item;
  const at = counts.findIndex((each) => each.type === type);
  const before = counts[at] ?? { store, type, resources: 0, versions: 0 };
  const after = { ...before, resources: before.resources + (kind === 'whole' ? 1 : 0), versions: before.versions + versions.length };
  return at === -1 ? [...counts, after] : counts.with(at, after);
}

/** True for a kept answer that names one of the resources. */
function namesAny(items: readonly ErasureItem[]): (answer: string) => boolean {
  const names = new Set(items.filter(({ kind }) => kind === 'whole').map(keyText));
  return (answer) => {
    const { entries = [] } = JSON.parse(answer) as { entries?: readonly ({ type?: string; id?: string } | null)[] };
    return entries.some((entry) => entry?.type !== undefined && names.has(`${entry.type}/${entry.id}`));
  };
}

async function complete(
  job: ErasureJob,
  save: (job: ErasureJob) => Promise<boolean>,
  { now, seal, record }: ErasureServices,
): Promise<boolean> {
  const { patient, pending: _pending, problem: _problem, planned: _planned, ...rest } = job;
  const completedAt = now();
  const report = await seal({
    job: job.id,
    subject: createHash('sha256').update(`Patient/${patient}`).digest('hex'),
    requestedBy: { client: job.client, subject: job.subject },
    started: new Date(job.startedAt).toISOString(),
    completed: new Date(completedAt).toISOString(),
    removed: job.counts,
    answers: job.answers,
    kept: job.kept.length,
    digest: job.digest,
  });
  record(job);
  return save({ ...rest, completedAt, report });
}
