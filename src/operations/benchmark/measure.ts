/** Asks the same queries of all layouts in turns, so that a drift of the machine hits each alike. */
import { availableParallelism, cpus } from 'node:os';
import type { JobControl } from '../../jobs/jobs.ts';
import { unavailable } from '../../model/error.ts';
import type { ScratchGround, TotalCache } from '../../store/benchmark/scratch.ts';
import { type Cache, type Cell, cellsOf, type Plan } from './cells.ts';

/** One class of query, asked of one layout in one round by so many at once. */
export interface Sample {
  /** The baseline with the cache of all members together is a layout of its own. */
  readonly layout: string;
  readonly query: string;
  readonly concurrency: number;
  readonly round: number;
  /** Milliseconds of each query. */
  readonly times: readonly number[];
  /** Milliseconds from the first query to the last answer. */
  readonly tookMs: number;
  /** Processor time of this process meanwhile; milliseconds. */
  readonly gatewayCpuMs: number;
  /** The same of the engine's processes, where it can be told. */
  readonly engineCpuMs?: number;
  /** Share of the machine's processors that were busy, with whatever: 0 to 1. */
  readonly busy: number;
}

export interface Pace {
  readonly control: JobControl;
  /** As `performance.now()`: by then it has to have ended. */
  readonly endsAt: number;
  /** Told the share that is done, 0 to 1. */
  readonly progress: (share: number) => void;
}

export interface Measured {
  readonly samples: readonly Sample[];
  /** Why the baseline was not measured with the cache of all members, in words, where it might have been. */
  readonly problem?: string;
}

/** Names the baseline with the cache of all members together. */
export const withTotalCache = (layout: string) => `${layout}, total cache`;

/** Gives what was measured up to the end, or to the cancellation. Every cell gets an equal share of the time that is left. */
export async function measure(ground: ScratchGround, plan: Plan, pace: Pace): Promise<Measured> {
  const { totalCache } = ground;
  if (!totalCache) return { samples: await measureCells(ground, plan, pace, cellsOf(ground, plan, ['own'])) };
  try {
    const problem = pace.control.isCancelled() ? undefined : await totalCache.enlarge();
    const cells = cellsOf(ground, plan, problem === undefined ? ['total', 'own'] : ['own']);
    const samples = await measureCells(ground, plan, pace, cells, problem === undefined ? totalCache : undefined);
    return { samples, ...(problem !== undefined && { problem }) };
  } finally {
    await totalCache.restore();
  }
}

/** @param totalCache with it, its member has the cache of all at the start */
async function measureCells(
  ground: ScratchGround,
  { queriesPerRound }: Plan,
  { control, endsAt, progress }: Pace,
  cells: readonly Cell[],
  totalCache?: TotalCache,
): Promise<readonly Sample[]> {
  const samples: Sample[] = [];
  let cache = cells[0]?.cache;
  for (const [at, cell] of cells.entries()) {
    if (control.isCancelled()) break;
    if (cell.cache !== cache && totalCache) await give(totalCache, cell.cache);
    cache = cell.cache;
    const until = performance.now() + Math.max(0, endsAt - performance.now()) / (cells.length - at);
    const sample = await ask(ground, cell, queriesPerRound, until);
    if (cell.isCounted) samples.push(sample);
    progress((at + 1) / cells.length);
  }
  return samples;
}

async function give(totalCache: TotalCache, cache: Cache): Promise<void> {
  const problem = cache === 'own' ? await totalCache.restore() : await totalCache.enlarge();
  if (problem) throw unavailable(`the cache could be enlarged at first, and then no more: ${problem}`);
}

/** Each asker asks at least once, and stops when `most` were asked or the time is over. */
async function ask(ground: ScratchGround, { arena, query, concurrency, round, cache }: Cell, most: number, until: number): Promise<Sample> {
  const times: number[] = [];
  const first = (round + 1) * most;
  let next = 0;
  const asker = async () => {
    do {
      const n = first + next++;
      const startedAt = performance.now();
      await arena.run(query, n);
      times.push(performance.now() - startedAt);
    } while (next < most && performance.now() < until);
  };
  const engineBefore = await ground.engineCpuMs();
  const machineBefore = machineTimes();
  const cpuBefore = process.cpuUsage();
  const startedAt = performance.now();
  await Promise.all(Array.from({ length: Math.min(concurrency, most) }, asker));
  const tookMs = performance.now() - startedAt;
  const { user, system } = process.cpuUsage(cpuBefore);
  const busy = busyBetween(machineBefore, machineTimes(), tookMs);
  const engineAfter = await ground.engineCpuMs();
  return {
    layout: cache === 'total' ? withTotalCache(arena.layout) : arena.layout,
    query,
    concurrency,
    round,
    times,
    tookMs,
    gatewayCpuMs: (user + system) / 1000,
    ...(engineBefore !== undefined && engineAfter !== undefined && { engineCpuMs: engineAfter - engineBefore }),
    busy,
  };
}

/** Idle milliseconds of all processors together. */
const machineTimes = (): number => cpus().reduce((sum, { times }) => sum + times.idle, 0);

function busyBetween(idleBefore: number, idleAfter: number, tookMs: number): number {
  const capacity = tookMs * availableParallelism();
  return capacity === 0 ? 0 : Math.min(1, Math.max(0, 1 - (idleAfter - idleBefore) / capacity));
}
