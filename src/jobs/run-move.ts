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
  readonly holder: string;
  readonly isStopping: () => boolean;
}

/** Resources after which the work is put on record. */
const BATCH = 200;
const LOOK_EVERY_MS = 100;
const KEEP_EVERY_MS = 2_000;
const MOST_RESOURCES = 10_000_000;

/** Carries the move on to its end, or until it is stopped, stands back, or another gateway has it. True at its end. */
export async function runMove(job: MoveJob, services: MoveServices): Promise<boolean> {
  const { jobs, holder, mover, isStopping } = services;
  const { patient } = job;
  if (patient === undefined) return false;
  let state = job;
  const save = async (next: MoveJob) => {
    state = next;
    if (!(await jobs.save(next, holder))) return false;
    await services.refresh();
    return true;
  };
  const known = () => untilAllKnow(() => state, services);

  if (state.phase === 'wanted') {
    if (!(await untilDecided(state.startedAt, services)) || services.zoneOf === undefined) return false;
    const way = await wayOf(patient, services);
    if (!way) return jobs.remove(job.id).then(() => true);
    if (await services.isInTheWay(patient)) return false;
    if (!(await save({ ...state, ...way, phase: 'closed' }))) return false;
    // Whatever begins now sees the closed record; what began before is seen here.
    if (await services.isInTheWay(patient)) {
      const { from, to, ...wanted } = state;
      await save({ ...wanted, phase: 'wanted' });
      return false;
    }
  }
  const { from = '', to = '' } = state;
  if (state.phase === 'closed') {
    const closedAt = services.now();
    if (!(await known()) || !(await untilDecided(closedAt, services))) return false;
    await Promise.all([services.clinical.settle(), services.administrative.settle()]);
    await mover.point(patient, from, to);
    const keys = await theirsAmong(await services.clinical.lyingIn(from), patient, services);
    for (let start = 0; start < keys.length; start += BATCH) {
      const some = keys.slice(start, start + BATCH);
      await mover.move(some, from, to);
      if (isStopping() || !(await jobs.save({ ...state, moved: start + some.length }, holder))) return false;
    }
    if (!(await save({ ...state, moved: Math.max(state.moved, keys.length), phase: 'moved' }))) return false;
  }
  if (state.phase === 'moved' && (!(await known()) || !(await save({ ...state, phase: 'tidying' })))) return false;
  if (!(await known())) return false;
  await mover.tidy(patient, from, to);
  await services.renamer.rename(await administrativeOf(patient, from, services), from, to);
  return complete(state, services);
}

async function complete(state: MoveJob, { jobs, holder, now, refresh }: MoveServices): Promise<boolean> {
  const { patient: _patient, from: _from, ...rest } = state;
  const isSaved = await jobs.save({ ...rest, completedAt: now() }, holder);
  if (!isSaved) return false;
  const before = (await jobs.list()).filter(
    ({ id, subject, completedAt }) => subject === rest.subject && completedAt !== undefined && id !== rest.id,
  );
  for (const { id } of before) await jobs.remove(id);
  await refresh();
  return true;
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

async function untilAllKnow(state: () => MoveJob, { jobs, holder, allKnow, isStopping, now }: MoveServices): Promise<boolean> {
  let keptAt = now();
  while (!(await allKnow(state()))) {
    if (isStopping()) return false;
    if (now() - keptAt > KEEP_EVERY_MS) {
      if (!(await jobs.save(state(), holder))) return false;
      keptAt = now();
    }
    await sleep(LOOK_EVERY_MS);
  }
  return !isStopping();
}
