/** Sentences that a reader of the figures needs: what the cache is, and where the machine sets the limit. */
import { availableParallelism } from 'node:os';
import type { ScratchGround } from '../../store/benchmark/scratch.ts';
import type { Figures, SizeOf } from './report.ts';

/** From this share on there is no processor left over. */
const SATURATED = 0.9;

export function processorNote(engine: string, figures: readonly Figures[]): readonly string[] {
  const full = figures.filter(({ busy }) => busy >= SATURATED);
  if (full.length === 0) return [];
  const atOnce = [...new Set(full.map(({ concurrency }) => concurrency))].join(', ');
  const used = full.map(({ perSecond, gatewayCpu, engineCpu = 0 }) => (perSecond * (gatewayCpu + engineCpu)) / 1000);
  const mean = used.reduce((sum, each) => sum + each, 0) / used.length;
  return [
    `${engine}: in ${full.length} of ${figures.length} measurements (concurrency ${atOnce}) the machine’s ${availableParallelism()} processors were at least ${100 * SATURATED} % busy, ${mean.toFixed(1)} of them with gateway and engine, the rest with routers and other work: there the processors set the limit, and members on one machine share them.`,
  ];
}

/** Beyond this share of its cache a MongoDB member begins to evict. */
const ROOM = 0.8;
const mb = (bytes: number) => `${Math.round(bytes / 2 ** 20)} MB`;

/**
 * Whether the layouts were compared with equal cache in total, equal cache by member, or both.
 * @param problem why there is no comparison with equal cache in total, where there might have been
 */
export async function cacheNotes(ground: ScratchGround, sizes: readonly SizeOf[], problem?: string): Promise<readonly string[]> {
  const { engine, totalCache } = ground;
  const { bytesPerMember, members } = await ground.cache();
  if (!totalCache) return [oneCacheNote(engine, bytesPerMember)];
  const leftOut = problem === undefined ? [] : [`${engine}: equal cache in total was left out. ${problem}.`];
  if (!bytesPerMember) return [`${engine} does not tell its cache: rows are for whatever each member has.`, ...leftOut];
  return [
    byMemberNote(engine, bytesPerMember, members),
    ...(problem === undefined ? [TOTAL] : leftOut),
    roomNote(ground, sizes, bytesPerMember),
  ];
}

const oneCacheNote = (engine: string, bytes: number | undefined) =>
  bytes
    ? `${engine}: one cache of ${mb(bytes)} for all layouts, equal in total and by member alike.`
    : `${engine} does not tell its cache: whether it was equal in total or by member is not known.`;

const byMemberNote = (engine: string, bytesPerMember: number, members: number) =>
  `${engine}: ${mb(bytesPerMember)} of cache by member. In rows with cache “equal by member” a layout over ${members} members has ${members} times the cache of one.`;

const TOTAL =
  'In rows with cache “equal in total” the one member of the unsharded layout had the caches of all together while it was measured, and has its own back. Both are measured in every round, one after the other, so that a drift within a round widens these intervals.';

function roomNote({ engine }: ScratchGround, sizes: readonly SizeOf[], bytesPerMember: number): string {
  const held = sizes.reduce((sum, { largestShareBytes }) => sum + largestShareBytes, 0);
  const start = `${engine}: the fullest member holds ${mb(held)} of these records and their indexes`;
  return held < ROOM * bytesPerMember
    ? `${start}: they fit in its own cache, so more of it can not make a difference at this size.`
    : `${start}, more than its own cache keeps: what cache is worth shows between the two ways of comparing.`;
}
