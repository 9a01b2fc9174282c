/** What `POST /$replica` does: a real election, a member kept from one, and, on the embedded cluster, members that fail. */
import type { FhirRequest } from '../../interactions/request.ts';
import { conflict, invalidValue, missingValue, unprocessable } from '../../model/error.ts';
import { unreachable } from '../../model/unreachable.ts';
import type { Administration, ElectionReport, MemberDrill, ReplicaSetDescription } from '../../store/administration.ts';
import { type Part, part } from '../answer.ts';
import type { OperationInput } from '../parameters.ts';

export const REPLICA_ACTIONS = ['step-down', 'freeze', 'fail', 'restore'] as const;
type ReplicaAction = (typeof REPLICA_ACTIONS)[number];

export const isReplicaAction = (text: string): text is ReplicaAction => (REPLICA_ACTIONS as readonly string[]).includes(text);

/** Told of what an administrator does; never health data. */
export type AdministrationLog = (message: string, detail: Readonly<Record<string, unknown>>) => void;

interface Circumstances {
  readonly log: AdministrationLog;
  readonly request: FhirRequest;
}

const SECONDS = { least: 0, usual: 10, most: 600 };

/** @throws FhirError 400 for input, 409 where the members are not as the action needs them, 422 where there is nothing to make fail */
export async function carryOut(
  action: ReplicaAction,
  input: OperationInput,
  administration: Administration,
  { log, request }: Circumstances,
): Promise<readonly Part[]> {
  const { clinical } = administration;
  const set = await setOf(input, administration, action);
  log(`$replica ${action}`, { shard: set.name, client: request.by.client, subject: request.by.subject, requestId: request.by.request });
  switch (action) {
    case 'step-down': {
      const seconds = Math.max(1, secondsIn(input));
      if (set.members.length < 2) throw unprocessable(`${set.name} has one member: nobody could take over`, 'shard');
      const report = await clinical.probeElection(set.name, () => clinical.stepDown(set.name, seconds));
      return [
        part('action', action),
        part('shard', set.name),
        part('formerPrimary', primaryOf(set)),
        ...(await afterwards(report, set, administration)),
      ];
    }
    case 'freeze': {
      const host = memberFor(input, set, 'secondary');
      const seconds = secondsIn(input);
      await clinical.freeze(set.name, host, seconds);
      return [part('action', action), part('shard', set.name), part('member', host), part('seconds', seconds)];
    }
    case 'fail': {
      const drill = drillOf(administration);
      const host = memberFor(input, set, 'primary');
      const signal = signalIn(input);
      const report = await clinical.probeElection(set.name, async () => drill.fail(host, signal));
      return [
        part('action', action),
        part('shard', set.name),
        part('member', host),
        part('signal', signal),
        ...(await afterwards(report, set, administration)),
      ];
    }
    case 'restore': {
      const drill = drillOf(administration);
      const hosts = set.members.map(({ host }) => host).filter((host) => drill.failed().includes(host));
      for (const host of hosts) drill.restore(host);
      return [part('action', action), part('shard', set.name), ...hosts.map((host) => part('member', host))];
    }
    default:
      return unreachable(action);
  }
}

async function afterwards(report: ElectionReport, before: ReplicaSetDescription, { clinical }: Administration): Promise<Part[]> {
  const now = (await clinical.describeReplicas()).find(({ name }) => name === before.name);
  return [
    part('primary', now && primaryOf(now)),
    part('term', now?.term),
    part('millisecondsWithoutPrimary', report.withoutPrimaryMs),
    part('writesAcknowledged', report.acknowledged),
    part('writesRetried', report.retried),
    part('writesLost', report.lost),
  ];
}

/** @throws FhirError 400 */
async function setOf(input: OperationInput, { clinical }: Administration, action: string): Promise<ReplicaSetDescription> {
  const name = input.value('shard');
  if (name === undefined) throw missingValue(`${action} needs a shard`, 'shard');
  const sets = await clinical.describeReplicas();
  const set = sets.find((each) => each.name === name);
  if (!set) throw invalidValue(`shard is one of ${sets.map((each) => each.name).join(', ')}, not "${name}"`, 'shard');
  return set;
}

const primaryOf = ({ members }: ReplicaSetDescription) => members.find(({ state, isHealthy }) => state === 'PRIMARY' && isHealthy)?.host;

/** By host, or by role. @throws FhirError 400, 409 */
function memberFor(input: OperationInput, set: ReplicaSetDescription, usualRole: 'primary' | 'secondary'): string {
  const host = input.value('member');
  if (host !== undefined) {
    if (!set.members.some((member) => member.host === host)) throw invalidValue(`${set.name} has no member ${host}`, 'member');
    return host;
  }
  const role = input.value('role') ?? usualRole;
  if (role !== 'primary' && role !== 'secondary') throw invalidValue(`role is primary or secondary, not "${role}"`, 'role');
  const found = set.members.find(({ state, isHealthy }) => isHealthy && state === role.toUpperCase());
  if (!found) throw conflict(`${set.name} has no ${role} just now`, 'role');
  return found.host;
}

function drillOf({ drill }: Administration): MemberDrill {
  if (!drill) throw unprocessable('members can be made to fail on the embedded cluster only', 'action');
  return drill;
}

function secondsIn(input: OperationInput): number {
  const text = input.value('seconds');
  const seconds = text === undefined ? SECONDS.usual : Number(text);
  if (!Number.isInteger(seconds) || seconds < SECONDS.least || seconds > SECONDS.most)
    throw invalidValue(`seconds is a whole number from ${SECONDS.least} to ${SECONDS.most}, not "${text}"`, 'seconds');
  return seconds;
}

function signalIn(input: OperationInput): 'SIGKILL' | 'SIGSTOP' {
  const signal = input.value('signal') ?? 'SIGKILL';
  if (signal !== 'SIGKILL' && signal !== 'SIGSTOP') throw invalidValue(`signal is SIGKILL or SIGSTOP, not "${signal}"`, 'signal');
  return signal;
}
