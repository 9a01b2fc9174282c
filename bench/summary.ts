/** Rounds become one line for each phase and concurrency: medians, because a shared machine has slow moments. */
import { type Measured, median, round } from './measure.ts';
import type { Phase } from './phases.ts';
import { type CpuByRole, ROLES } from './processes.ts';
import type { RawWork } from './raw/work.ts';

/** One measurement. `work` is the raw drivers'; without it, the gateway's. */
export interface Sample extends Measured {
  readonly phase: Phase;
  readonly concurrency: number;
  readonly round: number;
  readonly work?: RawWork;
  /** CPU time of the calibration work just before. */
  readonly calibrationMs: number;
}

export interface Line {
  readonly phase: Phase;
  readonly concurrency: number;
  readonly work?: RawWork;
  readonly rounds: number;
  readonly unitsPerSecond: number;
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly p99Ms: number;
  readonly cpuMs: CpuByRole;
  readonly cpuTotalMs: number;
  /** Smallest and largest total of the rounds. */
  readonly cpuSpreadMs: readonly [number, number];
  readonly rssEndMb: number;
  readonly errors: number;
}

export function summarise(samples: readonly Sample[]): Line[] {
  const groups = Map.groupBy(samples, ({ phase, concurrency, work }) => `${phase}|${concurrency}|${work ?? ''}`);
  return [...groups.values()].map(toLine);
}

function toLine(samples: readonly Sample[]): Line {
  const [{ phase, concurrency, work }] = samples as [Sample];
  const of = (value: (sample: Sample) => number) => round(median(samples.map(value)), 4);
  const totals = samples.map(({ cpuTotalMs }) => cpuTotalMs);
  return {
    phase,
    concurrency,
    ...(work && { work }),
    rounds: samples.length,
    unitsPerSecond: of((sample) => sample.unitsPerSecond),
    p50Ms: of((sample) => sample.p50Ms),
    p95Ms: of((sample) => sample.p95Ms),
    p99Ms: of((sample) => sample.p99Ms),
    cpuMs: Object.fromEntries(ROLES.map((role) => [role, of((sample) => sample.cpuMs[role])])) as Record<keyof CpuByRole, number>,
    cpuTotalMs: of((sample) => sample.cpuTotalMs),
    cpuSpreadMs: [Math.min(...totals), Math.max(...totals)],
    rssEndMb: of((sample) => sample.rssEndMb),
    errors: samples.reduce((sum, { errors }) => sum + errors, 0),
  };
}
