/** One benchmark from its order to its report. */
import { availableParallelism, loadavg } from 'node:os';
import type { JobControl } from '../../jobs/jobs.ts';
import { unprocessable } from '../../model/error.ts';
import { unreachable } from '../../model/unreachable.ts';
import type { Administration } from '../../store/administration.ts';
import type { ScratchGround } from '../../store/benchmark/scratch.ts';
import { crashBundles } from './bundle-crash.ts';
import { compareLayouts } from './compare-layouts.ts';
import { drillShards, setsToFail } from './failover.ts';
import type { Pace } from './measure.ts';
import type { BenchmarkOrder } from './order.ts';
import type { BenchmarkReport, GroundReport } from './report.ts';

/** Done in any case, four ranges: what the published figure is about. */
const FOUR = 4;

export async function runBenchmark(administration: Administration, order: BenchmarkOrder, control: JobControl): Promise<BenchmarkReport> {
  const machine = { processors: availableParallelism(), loadBefore: loadavg()[0] ?? 0 };
  const pace = {
    control,
    endsAt: performance.now() + 1000 * order.seconds,
    progress: (share: number) => control.progress(Math.floor(99 * share)),
  };
  const report = { order, machine, grounds: [], failovers: [], notes: loadNotes(machine) };
  if (order.suite === 'bundle-crash') return { ...report, ...(await crashOn(administration, order, pace, report.notes)) };
  if (order.suite !== 'failover') return { ...report, ...(await compareGrounds(administration, order, pace, report.notes)) };
  return { ...report, failovers: await drillShards(administration, await setsToFail(administration), pace) };
}

async function crashOn(
  administration: Administration,
  order: BenchmarkOrder,
  pace: Pace,
  notes: readonly string[],
): Promise<Pick<BenchmarkReport, 'crashes' | 'notes'>> {
  const ground = await administration.openCommitGround?.(runNameOf(pace.control.id));
  if (!ground) throw unprocessable('this gateway has no place for bundle-crash', 'suite');
  try {
    const sets = administration.drill ? await setsToFail(administration).catch(() => []) : [];
    const crashes = await crashBundles(administration, ground, sets, order, pace);
    return { crashes, notes: sets.length > 0 ? notes : [...notes, NO_KILLS] };
  } finally {
    await ground.drop();
  }
}

const NO_KILLS = 'No primary was killed: that needs the embedded cluster with three members a shard.';

/** Names of databases are short: the random end of a ULID is enough. */
const runNameOf = (id: string) => id.slice(-12).toLowerCase();

function loadNotes({ processors, loadBefore }: BenchmarkReport['machine']): readonly string[] {
  if (loadBefore < processors / 2) return [];
  return [
    `The machine was busy before the start (load ${loadBefore.toFixed(1)} on ${processors} processors): intervals are wide, figures in milliseconds too high.`,
  ];
}

/** Both engines one after the other: side by side they would share the processors. */
async function compareGrounds(
  administration: Administration,
  order: BenchmarkOrder,
  pace: Pace,
  notes: readonly string[],
): Promise<{ readonly grounds: readonly GroundReport[]; readonly notes: readonly string[] }> {
  const engines = enginesOf(order);
  const grounds: GroundReport[] = [];
  const missing: string[] = [];
  for (const [at, engine] of engines.entries()) {
    if (pace.control.isCancelled()) break;
    const ground = await openGround(administration, engine, order, pace.control.id);
    if (!ground) {
      if (engines.length === 1) throw unprocessable('MongoDB is one replica set here: there is nothing to shard over', 'suite');
      missing.push('MongoDB is one replica set here: sharding was left out.');
      continue;
    }
    const endsAt = performance.now() + (pace.endsAt - performance.now()) / (engines.length - at);
    const progress = (share: number) => pace.progress((at + share) / engines.length);
    grounds.push(await compareLayouts(ground, order, { ...pace, endsAt, progress }));
  }
  return { grounds, notes: [...notes, ...missing] };
}

function enginesOf({ suite }: BenchmarkOrder): readonly ('clinical' | 'administrative')[] {
  switch (suite) {
    case 'layouts':
      return ['clinical', 'administrative'];
    case 'sharding':
      return ['clinical'];
    case 'partitioning':
      return ['administrative'];
    case 'failover':
    case 'bundle-crash':
      return [];
    default:
      return unreachable(suite);
  }
}

async function openGround(
  { clinical, administrative }: Administration,
  engine: 'clinical' | 'administrative',
  order: BenchmarkOrder,
  id: string,
): Promise<ScratchGround | undefined> {
  const options = { run: runNameOf(id), maxConcurrency: Math.max(...order.concurrency) };
  if (engine === 'administrative') return administrative.openGround(options);
  const ranges = order.ranges.length > 0 ? order.ranges : [FOUR, (await clinical.describeCluster()).shards.length];
  return clinical.openGround({ ...options, ranges });
}
