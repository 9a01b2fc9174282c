/** `$replica`: every replica set's members, their state and lag; whether they agree; and, by POST, elections on purpose. */
import definition from '../../fhir/definitions/System-replica.json' with { type: 'json' };
import type { FhirRequest, FhirResponse } from '../interactions/request.ts';
import { invalidValue } from '../model/error.ts';
import type { Administration, MemberDescription, ReplicaSetDescription } from '../store/administration.ts';
import { group, type Part, parametersAnswer, part } from './answer.ts';
import { defineOperation, type Operation } from './operation.ts';
import { type OperationInput, readInput } from './parameters.ts';
import { type AdministrationLog, carryOut, isReplicaAction, REPLICA_ACTIONS } from './replica/act.ts';
import { keptPart, proofParts } from './replica/present-proof.ts';
import type { Prover, ToldProof } from './replica/prove.ts';

type Verdict = 'healthy' | 'degraded' | 'read-only' | 'down';

export function createReplicaOperation(administration: Administration, log: AdministrationLog, prover: Prover): Operation {
  const { clinical, administrative, drill } = administration;
  return defineOperation({
    definition,
    affectsState: false,
    authorise: (access) => access.requireOperation('replica', 'r'),
    handle: async (request, context) => {
      const input = readInput(request, context, '');
      const action = input.value('action');
      if (action !== undefined) {
        if (request.method !== 'POST') throw invalidValue('an action is asked for by POST', 'action');
        if (!isReplicaAction(action)) throw invalidValue(`action is one of ${REPLICA_ACTIONS.join(', ')}, not "${action}"`, 'action');
        request.access.requireOperation('replica', 'u');
        return parametersAnswer(await carryOut(action, input, administration, { log, request }));
      }
      const verify = input.value('verify');
      const proof = input.value('proof');
      if (proof !== undefined) return tellProof(await prover.find(proof, request.by.client));
      if (verify === 'list') return parametersAnswer((await prover.list()).map(keptPart));
      if (verify === 'true') return prove(prover, request, await shardIn(input, administration));
      if (verify !== undefined && verify !== 'false') throw invalidValue(`verify is true, false or list, not "${verify}"`, 'verify');
      const [shards, databases] = await Promise.all([clinical.describeReplicas(), administrative.describeReplicas()]);
      const all = [...shards, ...databases];
      return parametersAnswer([
        part('status', all.every((set) => verdictOf(set) === 'healthy') ? 'healthy' : 'degraded'),
        ...(drill?.failed() ?? []).map((host) => part('failedOnPurpose', host)),
        ...shards.map((set) => setPart('MongoDB', set)),
        ...databases.map((set) => setPart('PostgreSQL', set)),
      ]);
    },
  });
}

/** The proof, or with `Prefer: respond-async` where it will be. @see https://hl7.org/fhir/R4/async.html */
async function prove(prover: Prover, { by, prefer, baseUrl }: FhirRequest, shard: string | undefined): Promise<FhirResponse> {
  const { id, done } = await prover.begin(by, shard);
  if (prefer.respondAsync) return { status: 202, headers: { 'Content-Location': `${baseUrl}/$replica?proof=${id}` } };
  return tellProof(await done);
}

const tellProof = (proof: ToldProof | number): FhirResponse =>
  typeof proof === 'number'
    ? { status: 202, headers: { 'X-Progress': `${proof}%`, 'Retry-After': '2' } }
    : parametersAnswer(proofParts(proof));

/** @throws FhirError 400 for a shard that is not there */
async function shardIn(input: OperationInput, { clinical }: Administration): Promise<string | undefined> {
  const shard = input.value('shard');
  if (shard === undefined) return undefined;
  const names = await clinical.shardNames();
  if (!names.includes(shard)) throw invalidValue(`shard is one of ${names.join(', ')}, not "${shard}"`, 'shard');
  return shard;
}

function setPart(engine: string, set: ReplicaSetDescription): Part {
  return group('replicaSet', [
    part('engine', engine),
    part('name', set.name),
    part('verdict', verdictOf(set)),
    part('term', set.term),
    part('oplogSeconds', set.oplogSeconds),
    part('problem', set.problem),
    ...set.members.map(memberPart),
  ]);
}

function memberPart({ host, state, isHealthy, priority, lagSeconds, lagBytes, lastApplied, lastDurable }: MemberDescription): Part {
  return group('member', [
    part('host', host),
    part('state', state),
    part('healthy', isHealthy),
    part('priority', priority),
    part('lagSeconds', lagSeconds),
    part('lagBytes', lagBytes),
    part('lastApplied', lastApplied),
    part('lastDurable', lastDurable),
  ]);
}

/** What a set can do: everything with all members well; less with fewer; only reads without a primary; nothing without members. */
export function verdictOf({ members }: Pick<ReplicaSetDescription, 'members'>): Verdict {
  if (!members.some(({ isHealthy }) => isHealthy)) return 'down';
  if (!members.some(({ state, isHealthy }) => state === 'PRIMARY' && isHealthy)) return 'read-only';
  return members.every(({ isHealthy, state }) => isHealthy && (state === 'PRIMARY' || state === 'SECONDARY')) ? 'healthy' : 'degraded';
}
