/** `suite=failover`: every shard loses its primary in turn, under the writes of `$replica`'s probe. */
import { setTimeout as sleep } from 'node:timers/promises';
import { unprocessable } from '../../model/error.ts';
import type { Administration, ReplicaSetDescription } from '../../store/administration.ts';
import type { Pace } from './measure.ts';
import type { FailoverReport } from './report.ts';

/** With fewer members nobody can be elected when one is gone. */
const FEWEST_MEMBERS = 3;
const STAND_BACK_SECONDS = 10;
const LOOK_EVERY_MS = 500;
/** For the members to be whole again before the next shard's turn. */
const MEND_WITHIN_MS = 60_000;

/** The sets that a primary can be taken from. @throws FhirError 422 if there is none */
export async function setsToFail({ clinical }: Administration): Promise<readonly ReplicaSetDescription[]> {
  const sets = await clinical.describeReplicas();
  const able = sets.filter(({ members }) => members.length >= FEWEST_MEMBERS);
  if (able.length === 0) throw unprocessable(`no shard has ${FEWEST_MEMBERS} members: nobody could take over from a primary`, 'suite');
  return able;
}

/** On the embedded cluster the primary is killed; elsewhere it is told to stand back. */
export async function drillShards(
  administration: Administration,
  sets: readonly ReplicaSetDescription[],
  { control, endsAt, progress }: Pace,
): Promise<readonly FailoverReport[]> {
  const reports: FailoverReport[] = [];
  for (const [at, { name }] of sets.entries()) {
    if (control.isCancelled() || performance.now() > endsAt || !(await isWhole(administration, name, control.isCancelled))) break;
    reports.push(await drillOne(administration, name));
    progress((at + 1) / sets.length);
  }
  return reports;
}

async function drillOne(administration: Administration, shard: string): Promise<FailoverReport> {
  const { clinical, drill } = administration;
  if (!drill) {
    const report = await clinical.probeElection(shard, () => clinical.stepDown(shard, STAND_BACK_SECONDS));
    return { shard, action: 'step-down', ...report };
  }
  const host = primaryOf((await clinical.describeReplicas()).find(({ name }) => name === shard));
  if (host === undefined) throw unprocessable(`${shard} has no primary to kill`, 'suite');
  try {
    return { shard, action: 'kill', ...(await clinical.probeElection(shard, async () => drill.fail(host, 'SIGKILL'))) };
  } finally {
    drill.restore(host);
  }
}

const primaryOf = (set: ReplicaSetDescription | undefined) =>
  set?.members.find(({ state, isHealthy }) => isHealthy && state === 'PRIMARY')?.host;

/** Waits until all members answer again, one of them as primary. */
async function isWhole({ clinical }: Administration, shard: string, isCancelled: () => boolean): Promise<boolean> {
  const giveUpAt = performance.now() + MEND_WITHIN_MS;
  while (performance.now() < giveUpAt && !isCancelled()) {
    const set = (await clinical.describeReplicas()).find(({ name }) => name === shard);
    const isWholeNow = set?.members.every(({ isHealthy, state }) => isHealthy && (state === 'PRIMARY' || state === 'SECONDARY'));
    if (isWholeNow && primaryOf(set)) return true;
    await sleep(LOOK_EVERY_MS);
  }
  return false;
}
