/** `GET /$replica`: every replica set's members, their state and how far they lag behind. */
import definition from '../../fhir/definitions/System-replica.json' with { type: 'json' };
import type { Administration, MemberDescription, ReplicaSetDescription } from '../store/administration.ts';
import { group, type Part, parametersAnswer, part } from './answer.ts';
import { defineOperation, type Operation } from './operation.ts';

export type Verdict = 'healthy' | 'degraded' | 'read-only' | 'down';

export function createReplicaOperation({ clinical, administrative }: Administration): Operation {
  return defineOperation({
    definition,
    affectsState: false,
    isAdministrative: true,
    authorise: (access) => access.requireOperation('replica', 'r'),
    handle: async () => {
      const [shards, databases] = await Promise.all([clinical.describeReplicas(), administrative.describeReplicas()]);
      return parametersAnswer([...shards.map((set) => setPart('MongoDB', set)), ...databases.map((set) => setPart('PostgreSQL', set))]);
    },
  });
}

function setPart(engine: string, set: ReplicaSetDescription): Part {
  return group('replicaSet', [
    part('engine', engine),
    part('name', set.name),
    part('verdict', verdictOf(set)),
    part('term', set.term),
    part('problem', set.problem),
    ...set.members.map(memberPart),
  ]);
}

function memberPart({ host, state, isHealthy, lagSeconds, lastApplied }: MemberDescription): Part {
  return group('member', [
    part('host', host),
    part('state', state),
    part('healthy', isHealthy),
    part('lagSeconds', lagSeconds),
    part('lastApplied', lastApplied),
  ]);
}

/** What a set can do: everything with all members well; less with fewer; only reads without a primary; nothing without members. */
export function verdictOf({ members }: Pick<ReplicaSetDescription, 'members'>): Verdict {
  if (!members.some(({ isHealthy }) => isHealthy)) return 'down';
  if (!members.some(({ state, isHealthy }) => state === 'PRIMARY' && isHealthy)) return 'read-only';
  return members.every(({ isHealthy, state }) => isHealthy && (state === 'PRIMARY' || state === 'SECONDARY')) ? 'healthy' : 'degraded';
}
