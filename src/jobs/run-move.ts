/**
 * The move of one record to the zone that its patient's region has: closed to writes on every gateway, moved, told to every gateway,
 * opened again, and tidied up behind. Each step may be repeated, so that a gateway that takes the move up goes on where the last one was.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { DEFAULT_ZONE } from '../model/record-key.ts';
import type { ResourceKey } from '../model/resource.ts';
import type { ErasureStore } from '../store/erasure.ts';
import type { RecordKeys } from '../store/record-keys.ts';
import type { MoveJob, MoveJobs, RecordMover, RecordRenamer } from '../store/record-moves.ts';
import type { ResourceStore } from '../store/store.ts';
import type { ErasurePlanServices } from './plan-erasure.ts';
import { versionsOf } from './plan-erasure.ts';

export interface MoveServices extends Pick<ErasurePlanServices, 'indexer'> {
  readonly jobs: MoveJobs;
  readonly records: RecordKeys;
  readonly resources: Pick<ResourceStore, 'read' | 'collect' | 'history'>;
  /** What lies in each store. */
  readonly clinical: Pick<ErasureStore, 'lyingIn' | 'settle'>;
  readonly administrative: Pick<ErasureStore, 'lyingIn' | 'settle'>;
  readonly mover: RecordMover;
  readonly renamer: RecordRenamer;
  /** Types of the administrative store that can be in a patient's record. */
  readonly administrativeTypes: readonly string[];
  /** Absent where no regions are configured: then another gateway decides. */
  readonly zoneOf?: (patient: object) => string | undefined;
  /** True while something else goes through the record that must not meet the move. */
  readonly isInTheWay: (patient: string) => Promise<boolean>;
  /** Takes over, here, what the store says of moves. */
  readonly refresh: () => Promise<void>;
  /** True if every gateway has taken over that the move is in this phase. */
  readonly allKnow: (job: MoveJob) => Promise<boolean>;
  readonly now: () => number;
  /** Everything made at or before this instant is visible or will never be; milliseconds since 1970. */
  readonly watermark: () => number | Promise<number>;
  /** Puts the move on record; a crash right after it may do so once more. @throws when it can't be: the move then is not complete */
  readonly record: (job: MoveJob) => void;
  readonly holder: string;
  readonly isStopping: () => boolean;
}

/** Resources after which the work is put on record. */
const BATCH = 200;
const LOOK_EVERY_MS = 100;
const KEEP_EVERY_MS = 2_000;
const MOST_RESOURCES = 10_000_000;

type Step = (job: MoveJob, services: MoveServices) => Promise<MoveJob | undefined>;

/** Each gives the job in its next phase; undefined at its end, or when it stands back or another gateway has it. */
const STEPS: Readonly<Record<MoveJob['phase'], Step>> = { wanted: close, closed: moveAll, moved: open, tidying: tidyUp };

/** Carries the move on to its end, or until it is stopped, stands back, or another gateway has it. */
export async function runMove(job: MoveJob, services: MoveServices): Promise<void> {
  for (let next: MoveJob | undefined = job; next; ) next = await STEPS[next.phase](next, services);
}

/** Closes the record, if it has to be moved and nothing else goes through it. */
async function close(job: MoveJob, services: MoveServices): Promise<MoveJob | undefined> {
  const { patient } = job;
  if (patient === undefined || services.zoneOf === undefined || !(await untilDecided(job.startedAt, services))) return undefined;
  const way = await wayOf(patient, services);
  if (!way) return services.jobs.remove(job.id).then(() => undefined);
  if (await services.isInTheWay(patient)) return undefined;
  const closed = await saved({ ...job, ...way, phase: 'closed' }, services);
  // Whatever begins now sees the closed record; what began before is seen here.
  if (!closed || !(await services.isInTheWay(patient))) return closed;
  await saved({ ...job, phase: 'wanted' }, services);
  return undefined;
}

async function moveAll(job: MoveJob, services: MoveServices): Promise<MoveJob | undefined> {
  const { jobs, holder, mover, clinical, administrative, isStopping } = services;
  const { patient = '', from = '', to = '' } = job;
  const closedAt = services.now();
  if (!(await untilAllKnow(job, services)) || !(await untilDecided(closedAt, services))) return undefined;
  await Promise.all([clinical.settle(), administrative.settle()]);
  await mover.point(patient, from, to);
  const keys = await theirsAmong(await clinical.lyingIn(from), patient, services);
  for (let start = 0; start < keys.length; start += BATCH) {
    const some = keys.slice(start, start + BATCH);
    await mover.move(some, from, to);
    if (isStopping() || !(await jobs.save({ ...job, moved: start + some.length }, holder))) return undefined;
  }
  return saved({ ...job, moved: Math.max(job.moved, keys.length), phase: 'moved' }, services);
}

/** Lets writes in again when every gateway knows the new place. */
async function open(job: MoveJob, services: MoveServices): Promise<MoveJob | undefined> {
  return (await untilAllKnow(job, services)) ? saved({ ...job, phase: 'tidying' }, services) : undefined;
}

async function tidyUp(job: MoveJob, services: MoveServices): Promise<undefined> {
  const { patient = '', from = '', to = '' } = job;
  if (!(await untilAllKnow(job, services))) return;
  await services.mover.tidy(patient, from, to);
  await services.renamer.rename(await administrativeOf(patient, from, services), from, to);
  await complete(job, services);
}

async function saved(next: MoveJob, { jobs, holder, refresh }: MoveServices): Promise<MoveJob | undefined> {
  if (!(await jobs.save(next, holder))) return undefined;
  await refresh();
  return next;
}

/** What is left of the job names no patient, and takes the place of those of earlier moves. */
async function complete(job: MoveJob, { jobs, holder, now, refresh, record }: MoveServices): Promise<void> {
  const { patient: _patient, from: _from, by: _by, ...rest } = job;
  record(job);
  if (!(await jobs.save({ ...rest, completedAt: now() }, holder))) return;
  const before = (await jobs.list()).filter(
    ({ id, subject, completedAt }) => subject === rest.subject && completedAt !== undefined && id !== rest.id,
  );
  for (const { id } of before) await jobs.remove(id);
  await refresh();
}

/** From where to where; undefined if the record lies right, or there is none. */
async function wayOf(patient: string, { resources, records, zoneOf }: MoveServices) {
  const version = await resources.read({ type: 'Patient', id: patient });
  if (!version || version.deleted) return undefined;
  const from = records.of(patient);
  const to = `${zoneOf?.(JSON.parse(version.raw)) ?? DEFAULT_ZONE}${from.slice(2)}`;
  return to === from ? undefined : { from, to };
}

/** Another patient's record may have the same key by chance: then each resource is looked at. */
async function theirsAmong(keys: readonly ResourceKey[], patient: string, services: MoveServices): Promise<readonly ResourceKey[]> {
  if (!keys.some(({ type, id }) => type === 'Patient' && id !== patient)) return keys;
  const theirs: ResourceKey[] = [];
  for (const key of keys) {
    const newest = (await versionsOf(key, services)).find(({ deleted }) => !deleted);
    if (newest && services.indexer.patients(JSON.parse(newest.raw), key)[0] === `Patient/${patient}`) theirs.push(key);
  }
  return theirs;
}

async function administrativeOf(patient: string, from: string, { resources, administrative, administrativeTypes }: MoveServices) {
  const scope = {
    types: administrativeTypes,
    where: { kind: 'everything' } as const,
    patient: `Patient/${patient}`,
    limit: MOST_RESOURCES,
  };
  const current = (await resources.collect(scope)).map((text) => ({ type: text.split('/')[0] ?? '', id: text.split('/')[1] ?? '' }));
  const lying = (await administrative.lyingIn(from)).map(({ type, id }) => ({ type, id }));
  return [...new Map([...current, ...lying].map((key) => [`${key.type}/${key.id}`, key])).values()];
}

/** Waits until writes that began at or before the instant are decided. */
async function untilDecided(since: number, { now, watermark, isStopping }: MoveServices): Promise<boolean> {
  while (now() <= since) await sleep(1);
  while (!isStopping() && (await watermark()) < since) await sleep(LOOK_EVERY_MS);
  return !isStopping();
}

/** Keeps the job meanwhile. False when this gateway stops, or another one has the job. */
async function untilAllKnow(job: MoveJob, { jobs, holder, allKnow, isStopping, now }: MoveServices): Promise<boolean> {
  let keptAt = now();
  while (!(await allKnow(job))) {
    if (isStopping()) return false;
    if (now() - keptAt > KEEP_EVERY_MS) {
      if (!(await jobs.save(job, holder))) return false;
      keptAt = now();
    }
    await sleep(LOOK_EVERY_MS);
  }
  return !isStopping();
}
