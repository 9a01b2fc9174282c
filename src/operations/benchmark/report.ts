/** What a benchmark found, as plain data that can be kept and compared. */
import { setImmediate as turn } from 'node:timers/promises';
import type { PlanExtract } from '../../store/benchmark/scratch.ts';
import type { Sample } from './measure.ts';
import type { BenchmarkOrder } from './order.ts';
import { ascending, bootstrapMedian, geometricMean, type Interval, median, percentile, seededRandom } from './statistics.ts';

/** What cache the two sides of a ratio had: as much by member, as much in all, or one and the same. */
type Caches = 'equal by member' | 'equal in total' | 'the same one';

export interface Ratio extends Interval {
  readonly layout: string;
  readonly against: string;
  /** Runs that were kept by earlier versions don't tell. */
  readonly cache?: Caches;
  /** A class of query, or none for all classes together. */
  readonly query?: string;
  readonly concurrency: number;
  readonly rounds: number;
}

export interface Figures {
  readonly layout: string;
  readonly query: string;
  readonly concurrency: number;
  readonly perSecond: number;
  /** Milliseconds. */
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  /** Milliseconds of processor time by query. */
  readonly gatewayCpu: number;
  readonly engineCpu?: number;
  /** Share of the machine's processors that were busy. */
  readonly busy: number;
}

export interface PlanOf extends PlanExtract {
  readonly layout: string;
  readonly query: string;
}

export interface SizeOf {
  readonly layout: string;
  readonly bytes: number;
  readonly largestShareBytes: number;
}

/** One engine's part. */
export interface GroundReport {
  readonly engine: string;
  readonly records: number;
  /** All classes of query together, by layout and concurrency. */
  readonly overall: readonly Ratio[];
  readonly ratios: readonly Ratio[];
  readonly figures: readonly Figures[];
  readonly plans: readonly PlanOf[];
  readonly sizes: readonly SizeOf[];
  readonly notes: readonly string[];
}

/** What an election under load cost one shard. */
export interface FailoverReport {
  readonly shard: string;
  readonly action: string;
  readonly withoutPrimaryMs: number;
  readonly acknowledged: number;
  readonly retried: number;
  readonly lost?: number;
}

/** What became of transactions over both stores that were disturbed. */
export interface CrashReport {
  /** "given up: prepared", "primary of shard_0 killed" */
  readonly cause: string;
  readonly transactions: number;
  readonly acknowledged: number;
  /** Finished afterwards by whoever found them prepared. */
  readonly recovered: number;
  readonly whole: number;
  readonly nothing: number;
  /** There in part: must be 0. */
  readonly torn: number;
  /** Acknowledged and not wholly there: must be 0. */
  readonly lost: number;
  readonly leftPrepared: number;
}

export interface BenchmarkReport {
  readonly order: BenchmarkOrder;
  readonly machine: { readonly processors: number; readonly loadBefore: number };
  readonly grounds: readonly GroundReport[];
  readonly failovers: readonly FailoverReport[];
  /** Runs that were kept by earlier versions have none. */
  readonly crashes?: readonly CrashReport[];
  readonly notes: readonly string[];
}

/** What layouts are compared with. */
export interface Baseline {
  readonly layout: string;
  readonly cache: Caches;
}

interface Names {
  readonly baselines: readonly Baseline[];
  readonly layouts: readonly string[];
  readonly queries: readonly string[];
  readonly concurrency: readonly number[];
}

const SEED = 1;

const groupOf = (samples: readonly Sample[], layout: string, query: string, concurrency: number) =>
  samples.filter((each) => each.layout === layout && each.query === query && each.concurrency === concurrency);

export function figuresOf(samples: readonly Sample[], { baselines, layouts, queries, concurrency }: Names): readonly Figures[] {
  return queries.flatMap((query) =>
    concurrency.flatMap((each) =>
      [...baselines.map(({ layout }) => layout), ...layouts].flatMap((layout) => {
        const group = groupOf(samples, layout, query, each);
        return group.length === 0 ? [] : [figuresOfGroup(group, layout, query, each)];
      }),
    ),
  );
}

function figuresOfGroup(group: readonly Sample[], layout: string, query: string, concurrency: number): Figures {
  const times = ascending(group.flatMap((sample) => sample.times));
  const sum = (value: (sample: Sample) => number) => group.reduce((total, sample) => total + value(sample), 0);
  const tookMs = sum((sample) => sample.tookMs);
  const isEngineTold = group.every(({ engineCpuMs }) => engineCpuMs !== undefined);
  return {
    layout,
    query,
    concurrency,
    perSecond: (1000 * times.length) / tookMs,
    p50: percentile(times, 0.5),
    p95: percentile(times, 0.95),
    p99: percentile(times, 0.99),
    gatewayCpu: sum((sample) => sample.gatewayCpuMs) / times.length,
    ...(isEngineTold && { engineCpu: sum(({ engineCpuMs = 0 }) => engineCpuMs) / times.length }),
    busy: sum((sample) => sample.busy * sample.tookMs) / tookMs,
  };
}

/**
 * How many times as long the baseline's median query takes, round by round: above 1, the layout is faster. Requests have their
 * turn between one ratio and the next.
 */
export async function ratiosOf(
  samples: readonly Sample[],
  names: Names,
): Promise<{ readonly overall: readonly Ratio[]; readonly ratios: readonly Ratio[] }> {
  const random = seededRandom(SEED);
  const overall: Ratio[] = [];
  const ratios: Ratio[] = [];
  const ratioOf = async (rounds: readonly number[]) => {
    await turn();
    return { ...bootstrapMedian(rounds, random), rounds: rounds.length };
  };
  for (const pair of pairsOf(names)) {
    const classes = names.queries.map((query) => ({ query, rounds: roundsOf(samples, pair, query) }));
    overall.push({ ...pair, ...(await ratioOf(together(classes.map(({ rounds }) => rounds)))) });
    for (const { query, rounds } of classes) ratios.push({ ...pair, query, ...(await ratioOf(rounds)) });
  }
  return { overall, ratios };
}

type Pair = Pick<Ratio, 'layout' | 'against' | 'cache' | 'concurrency'>;

const pairsOf = ({ baselines, layouts, concurrency }: Names): readonly Pair[] =>
  layouts.flatMap((layout) =>
    baselines.flatMap(({ layout: against, cache }) => concurrency.map((each) => ({ layout, against, cache, concurrency: each }))),
  );

function roundsOf(samples: readonly Sample[], { layout, against, concurrency }: Pair, query: string): readonly number[] {
  const base = new Map(groupOf(samples, against, query, concurrency).map(({ round, times }) => [round, median(times)]));
  return groupOf(samples, layout, query, concurrency).flatMap(({ round, times }) => {
    const of = base.get(round);
    return of === undefined ? [] : [of / Math.max(1e-9, median(times))];
  });
}

/** All classes count alike: the geometric mean of their ratios in each round that all of them have. */
function together(classes: readonly (readonly number[])[]): readonly number[] {
  const rounds = Math.min(...classes.map(({ length }) => length));
  return Array.from({ length: rounds }, (_, round) => geometricMean(classes.map((each) => each[round] as number)));
}

type Verdict = 'faster' | 'slower' | 'not told apart';

/** An interval that holds 1 tells the layouts not apart. */
export const verdictOf = ({ low, high }: Interval): Verdict => (low > 1 ? 'faster' : high < 1 ? 'slower' : 'not told apart');

/** "20 % faster": the share of the baseline's time that is saved, in percent; below 0 it takes longer. */
export const timeSavedPercent = (ratio: number): number => 100 * (1 - 1 / ratio);
