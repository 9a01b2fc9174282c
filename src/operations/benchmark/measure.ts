/** Asks the same queries of all layouts in turns, so that a drift of the machine hits each alike. */
import { availableParallelism, cpus } from 'node:os';
import type { JobControl } from '../../jobs/jobs.ts';
import type { ScratchArena, ScratchGround } from '../../store/scratch.ts';
import type { BenchmarkOrder } from './order.ts';

/** One class of query, asked of one layout in one round by so many at once. */
export interface Sample {
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

type Plan = Pick<BenchmarkOrder, 'concurrency' | 'queriesPerRound' | 'rounds'>;

/** One cell of the plan. */
interface Cell {
  readonly arena: ScratchArena;
  readonly query: string;
  readonly concurrency: number;
  /** Below 0: to warm up, not counted. */
  readonly round: number;
}

/** Gives what was measured up to the end, or to the cancellation. Every cell gets an equal share of the time that is left. */
export async function measure(ground: ScratchGround, plan: Plan, { control, endsAt, progress }: Pace): Promise<readonly Sample[]> {
  const cells = cellsOf(ground, plan);
  const samples: Sample[] = [];
  for (const [at, cell] of cells.entries()) {
    if (control.isCancelled()) break;
    const until = performance.now() + Math.max(0, endsAt - performance.now()) / (cells.length - at);
    const sample = await ask(ground, cell, plan.queriesPerRound, until);
    if (cell.round >= 0) samples.push(sample);
    progress((at + 1) / cells.length);
  }
  return samples;
}

/** Rounds one after the other; in each the classes, and in each class the layouts, whose order turns with the rounds. */
function cellsOf(ground: ScratchGround, { concurrency, rounds }: Plan): readonly Cell[] {
  const arenas = [ground.baseline, ...ground.layouts];
  return Array.from({ length: rounds + 1 }, (_, at) => at - 1).flatMap((round) =>
    ground.queries.flatMap((query) =>
      concurrency.flatMap((each) => turned(arenas, round + 1).map((arena) => ({ arena, query, concurrency: each, round }))),
    ),
  );
}

const turned = <Item>(items: readonly Item[], by: number): readonly Item[] => {
  const at = by % items.length;
  return [...items.slice(at), ...items.slice(0, at)];
};

/** Each asker asks at least once, and stops when `most` were asked or the time is over. */
async function ask(ground: ScratchGround, { arena, query, concurrency, round }: Cell, most: number, until: number): Promise<Sample> {
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
    layout: arena.layout,
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
