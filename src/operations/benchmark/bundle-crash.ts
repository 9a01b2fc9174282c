/**
 * `suite=bundle-crash`: transactions over both stores, given up at each step of their commit, and while primaries are killed.
 * Each must be there wholly or not at all afterwards, and wholly if it was acknowledged.
 */
import type { Administration, ReplicaSetDescription } from '../../store/administration.ts';
import { type CommitGround, CRASH_STEPS, type CrashStep } from '../../store/benchmark/scratch.ts';
import { drillShards } from './failover.ts';
import type { Pace } from './measure.ts';
import type { BenchmarkOrder } from './order.ts';
import type { CrashReport } from './report.ts';

/** Commits at once, one of which is given up. */
const AT_ONCE = 4;

interface Tried {
  readonly n: number;
  readonly outcome: Awaited<ReturnType<CommitGround['commit']>>;
}

export async function crashBundles(
  administration: Administration,
  ground: CommitGround,
  sets: readonly ReplicaSetDescription[],
  { rounds }: Pick<BenchmarkOrder, 'rounds'>,
  pace: Pace,
): Promise<readonly CrashReport[]> {
  const { control, endsAt, progress } = pace;
  const isOver = () => control.isCancelled() || performance.now() > endsAt;
  const parts = CRASH_STEPS.length + sets.length;
  let next = 0;
  const numbers = () => next++;
  const reports: CrashReport[] = [];
  for (const step of CRASH_STEPS) {
    if (isOver()) break;
    const tried = await giveUpAt(step, ground, rounds, numbers, isOver);
    reports.push(await judge(`given up: ${step}`, ground, tried));
    progress(reports.length / parts);
  }
  for (const set of sets) {
    if (isOver()) break;
    const tried = await committing(ground, numbers, () => drillShards(administration, [set], { ...pace, progress: () => undefined }));
    reports.push(await judge(`primary of ${set.name} killed`, ground, tried));
    progress(reports.length / parts);
  }
  return reports;
}

async function giveUpAt(
  step: CrashStep,
  ground: CommitGround,
  rounds: number,
  numbers: () => number,
  isOver: () => boolean,
): Promise<readonly Tried[]> {
  const tried: Tried[] = [];
  for (let round = 0; round < rounds && !isOver(); round++) {
    const units = Array.from({ length: AT_ONCE }, async (_, at) => {
      const n = numbers();
      return { n, outcome: await ground.commit(n, at === 0 ? step : undefined) };
    });
    tried.push(...(await Promise.all(units)));
  }
  return tried;
}

/** Commits go on while `fail` does its work. */
async function committing(ground: CommitGround, numbers: () => number, fail: () => Promise<unknown>): Promise<readonly Tried[]> {
  const tried: Tried[] = [];
  let isOver = false;
  const worker = async () => {
    while (!isOver) {
      const n = numbers();
      tried.push({ n, outcome: await ground.commit(n) });
    }
  };
  const workers = Array.from({ length: AT_ONCE }, worker);
  try {
    await fail();
  } finally {
    isOver = true;
    await Promise.all(workers);
  }
  return tried;
}

async function judge(cause: string, ground: CommitGround, tried: readonly Tried[]): Promise<CrashReport> {
  const recovered = await ground.recover();
  const count = { whole: 0, nothing: 0, torn: 0, lost: 0 };
  for (const { n, outcome } of tried) {
    const present = await ground.presentOf(n);
    count[present === 0 ? 'nothing' : present === ground.unitSize ? 'whole' : 'torn']++;
    if (outcome === 'acknowledged' && present < ground.unitSize) count.lost++;
  }
  const acknowledged = tried.filter(({ outcome }) => outcome === 'acknowledged').length;
  return { cause, transactions: tried.length, acknowledged, recovered, ...count, leftPrepared: await ground.countPrepared() };
}
