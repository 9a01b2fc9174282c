/** A closed loop of clients for a fixed time: latencies, throughput, and CPU per request of every process behind it. */
import { type CpuByRole, cpuBetween, machineCpuMs, ROLES, residentMb, sampleCpu, totalCpu } from './processes.ts';

/** One request and the check of its answer; how many units (resources) it stood for. Throws if the answer is wrong. */
export type Operation = () => Promise<number>;

interface Load {
  readonly operation: Operation;
  readonly concurrency: number;
  readonly seconds: number;
  /** Ends the loop early: the records to send are used up. */
  readonly isOver?: () => boolean;
}

export interface Timing {
  readonly requests: number;
  /** Equal to `requests`, except where a request holds many resources. */
  readonly units: number;
  readonly seconds: number;
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly p99Ms: number;
  readonly errors: number;
  readonly firstError?: string;
  /** The longest that this process was not let run. Much more than 100 ms: the machine stood still, throw the figures away. */
  readonly stallMs: number;
}

export interface Measured extends Timing {
  /** Of a unit, in milliseconds. */
  readonly cpuMs: CpuByRole;
  readonly cpuTotalMs: number;
  readonly unitsPerSecond: number;
  readonly rssStartMb: number;
  readonly rssEndMb: number;
  /** How many cores everything else on the machine kept busy meanwhile: not the gateway's processes, not the benchmark's. */
  readonly othersCores: number;
}

const MAX_ERRORS = 20;
const STALL_CHECK_MS = 50;

/** Runs the loop without looking at processes. Gives up after 20 wrong answers. */
export async function runLoop({ operation, concurrency, seconds, isOver = () => false }: Load): Promise<Timing> {
  const latencies: number[] = [];
  let units = 0;
  let errors = 0;
  let firstError: string | undefined;
  const start = performance.now();
  const end = start + seconds * 1000;
  const client = async () => {
    for (let before = performance.now(); before < end && errors < MAX_ERRORS && !isOver(); ) {
      try {
        // Not `units += await …`: that would add to what `units` was before the wait.
        const done = await operation();
        units += done;
      } catch (error) {
        errors++;
        firstError ??= error instanceof Error ? error.message : String(error);
      }
      const after = performance.now();
      latencies.push(after - before);
      before = after;
    }
  };
  const stall = watchForStalls();
  await Promise.all(Array.from({ length: concurrency }, client));
  const stallMs = stall();
  const elapsed = (performance.now() - start) / 1000;
  latencies.sort((a, b) => a - b);
  return {
    requests: latencies.length,
    units,
    seconds: elapsed,
    p50Ms: percentile(latencies, 0.5),
    p95Ms: percentile(latencies, 0.95),
    p99Ms: percentile(latencies, 0.99),
    errors,
    ...(firstError && { firstError }),
    stallMs,
  };
}

/** A virtual machine may be paused for seconds, with every process in it. The function given back ends the watch. */
function watchForStalls(): () => number {
  let last = performance.now();
  let longest = 0;
  const check = () => {
    const now = performance.now();
    longest = Math.max(longest, now - last - STALL_CHECK_MS);
    last = now;
  };
  const timer = setInterval(check, STALL_CHECK_MS);
  return () => {
    clearInterval(timer);
    check();
    return Math.round(longest);
  };
}

/** A pause that long is the machine's, not the gateway's. */
export const STALLED_MS = 1500;

/**
 * Runs the loop and sums CPU over `pids` (the gateway's first) and their descendants meanwhile, and over `driverPid` (a
 * client whose CPU counts, as the gateway's does) under the role `gateway`.
 */
export async function measure(run: () => Promise<Timing>, pids: readonly number[], driverPid?: number): Promise<Measured> {
  const sample = () => (driverPid === undefined ? sampleCpu(...pids) : asDriver(sampleCpu(...pids), sampleCpu(driverPid)));
  const watched = driverPid ?? (pids[0] as number);
  const rssStartMb = residentMb(watched);
  const others = () => machineCpuMs() - totalCpu(sampleCpu(process.pid, ...pids));
  const othersBefore = others();
  const before = sample();
  const timing = await run();
  const spent = cpuBetween(before, sample());
  const othersMs = others() - othersBefore;
  const perUnit = (ms: number) => round(ms / Math.max(1, timing.units), 4);
  return {
    ...timing,
    cpuMs: Object.fromEntries(ROLES.map((role) => [role, perUnit(spent[role])])) as Record<keyof CpuByRole, number>,
    cpuTotalMs: perUnit(totalCpu(spent)),
    unitsPerSecond: round(timing.units / timing.seconds, 1),
    rssStartMb,
    rssEndMb: residentMb(watched),
    othersCores: round(Math.max(0, othersMs) / (timing.seconds * 1000), 2),
  };
}

/** The idle gateway's own time does not belong to the driver's work; the engines' does. */
const asDriver = (engines: CpuByRole, driver: CpuByRole): CpuByRole => ({ ...engines, gateway: driver.gateway });

function percentile(sorted: readonly number[], share: number): number {
  return round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0, 3);
}

export const round = (value: number, digits: number): number => Number(value.toFixed(digits));

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? (sorted[middle] ?? 0) : ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2;
}
