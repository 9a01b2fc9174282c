/** Times the same queries on two layouts of the same records, in turns, so that a drift of the machine hits both alike. */
import type { JobControl } from '../../jobs/jobs.ts';
import type { ScratchArena } from '../../store/scratch.ts';

export interface BenchmarkOrder {
  /** Generated records in each layout. */
  readonly records: number;
  /** Queries asked at once. */
  readonly concurrency: number;
  /** How often each class of query is asked of each layout in one round. */
  readonly queriesPerRound: number;
  readonly rounds: number;
}

export interface LatencyFigures {
  readonly perSecond: number;
  /** Milliseconds. */
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
}

export interface Comparison {
  /** The two layouts: the one under test first. */
  readonly layouts: readonly [string, string];
  readonly records: number;
  readonly queries: readonly {
    readonly query: string;
    readonly figures: Readonly<Record<string, LatencyFigures>>;
    /** Median over the rounds of p50 of the second layout by p50 of the first: above 1, the first is faster. */
    readonly ratio: number;
    readonly explain: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  }[];
}

type Pair = readonly [ScratchArena, ScratchArena];

/**
 * Loads both layouts, asks, and removes them again, also after a failure or a cancellation.
 * `progress` is told the share that is done, 0 to 1.
 */
export async function compareLayouts(
  pair: Pair,
  order: BenchmarkOrder,
  control: JobControl,
  progress: (share: number) => void,
): Promise<Comparison> {
  try {
    for (const [index, arena] of pair.entries()) {
      await arena.load(order.records, control.isCancelled);
      progress(0.2 * (index + 1));
    }
    const queries = await askInTurns(pair, order, control, (share) => progress(0.4 + 0.6 * share));
    return { layouts: [pair[0].layout, pair[1].layout], records: order.records, queries };
  } finally {
    for (const arena of pair) await arena.drop();
  }
}

async function askInTurns(
  pair: Pair,
  order: BenchmarkOrder,
  control: JobControl,
  progress: (share: number) => void,
): Promise<Comparison['queries']> {
  const [first, second] = pair;
  const compared: Comparison['queries'][number][] = [];
  for (const [index, query] of first.queries.entries()) {
    const times = new Map<string, number[][]>(pair.map(({ layout }) => [layout, []]));
    for (let round = 0; round < order.rounds && !control.isCancelled(); round++) {
      const inTurn = round % 2 === 0 ? [first, second] : [second, first];
      for (const arena of inTurn) times.get(arena.layout)?.push(await ask(arena, query, order, round));
    }
    const figures = Object.fromEntries(pair.map(({ layout }) => [layout, figuresOf(times.get(layout) ?? [], order.concurrency)]));
    const explain = Object.fromEntries(await Promise.all(pair.map(async (arena) => [arena.layout, await arena.explain(query)] as const)));
    compared.push({ query, figures, ratio: ratioOf(times.get(second.layout) ?? [], times.get(first.layout) ?? []), explain });
    progress((index + 1) / first.queries.length);
  }
  return compared;
}

/** Asks `queriesPerRound` queries, `concurrency` at once; gives each one's milliseconds. */
async function ask(arena: ScratchArena, query: string, { concurrency, queriesPerRound }: BenchmarkOrder, round: number): Promise<number[]> {
  const times: number[] = [];
  let next = 0;
  const worker = async () => {
    while (next < queriesPerRound) {
      const n = round * queriesPerRound + next++;
      const startedAt = performance.now();
      await arena.run(query, n);
      times.push(performance.now() - startedAt);
    }
  };
  await Promise.all(Array.from({ length: concurrency }, worker));
  return times;
}

export function percentile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}

export function median(values: readonly number[]): number {
  return percentile(
    [...values].sort((a, b) => a - b),
    0.5,
  );
}

function figuresOf(rounds: readonly (readonly number[])[], concurrency: number): LatencyFigures {
  const all = rounds.flat().sort((a, b) => a - b);
  const mean = all.reduce((sum, time) => sum + time, 0) / Math.max(1, all.length);
  return {
    perSecond: mean === 0 ? 0 : (1000 * concurrency) / mean,
    p50: percentile(all, 0.5),
    p95: percentile(all, 0.95),
    p99: percentile(all, 0.99),
  };
}

function ratioOf(numerator: readonly (readonly number[])[], denominator: readonly (readonly number[])[]): number {
  return median(numerator.map((times, round) => median(times) / Math.max(1e-9, median(denominator[round] ?? []))));
}
