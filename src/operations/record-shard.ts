/** `GET /{Type}/{id}/$shard`: which shard and partitions hold a record. */
import definition from '../../fhir/definitions/Resource-shard.json' with { type: 'json' };
import { THE_SERVER } from '../access/guarded-store.ts';
import type { InteractionContext } from '../interactions/context.ts';
import { gone, notFound } from '../model/error.ts';
import type { ResourceKey, ResourceVersion } from '../model/resource.ts';
import type { Administration, ReplicaSetDescription } from '../store/administration.ts';
import type { RecordDirectory } from '../store/record-keys.ts';
import type { MoveJob } from '../store/record-moves.ts';
import { group, type Part, parametersAnswer, part } from './answer.ts';
import { defineOperation, type Operation } from './operation.ts';

export function createRecordShardOperation(administration: Administration, records: Pick<RecordDirectory, 'moveOf'>): Operation {
  return defineOperation({
    definition,
    affectsState: false,
    isAdministrative: true,
    authorise: (access) => access.requireOperation('shard', 'r'),
    handle: async ({ type, id }, context) => {
      const version = await readCurrent({ type: type as string, id: id as string }, context);
      const partition = await administration.administrative.partitionOf(version);
      const where = partition === undefined ? await shardParts(administration, version) : [part('partition', partition)];
      const record = version.type === 'Patient' ? await patientParts(administration, version) : [];
      const moving = version.type === 'Patient' ? movingParts(records.moveOf(version.id)) : [];
      return parametersAnswer([part('recordKey', version.rk), ...moving, ...where, ...record]);
    },
  });
}

async function readCurrent(key: ResourceKey, { store }: InteractionContext): Promise<ResourceVersion> {
  const version = await store.read(key, THE_SERVER);
  if (!version) throw notFound(`there is no ${key.type}/${key.id}`);
  if (version.deleted) throw gone(`${key.type}/${key.id} was deleted`);
  return version;
}

/** The record's move to another zone, if one is not complete. */
function movingParts(move: MoveJob | undefined): readonly Part[] {
  if (!move) return [];
  const { phase, from, to, moved } = move;
  return [group('moving', [part('phase', phase), part('from', from), part('to', to), part('moved', moved)])];
}

async function shardParts({ clinical }: Administration, { rk }: ResourceVersion): Promise<readonly Part[]> {
  const [{ shard, range, zone, hosts }, sets] = await Promise.all([clinical.ownerOf(rk), clinical.describeReplicas()]);
  const primary = primaryOf(sets.find(({ name }) => name === shard));
  return [
    part('shard', shard),
    group('range', [part('min', range.min), part('max', range.max)]),
    part('zone', zone),
    ...hosts.map((host) => group('host', [part('name', host), part('isPrimary', host === primary)])),
  ];
}

function primaryOf(set: ReplicaSetDescription | undefined): string | undefined {
  return set?.members.find(({ state }) => state === 'PRIMARY')?.host;
}

/** What lies with the patient on the shard, and the partitions of the admissions and claims. */
async function patientParts({ clinical, administrative }: Administration, { rk, id }: ResourceVersion): Promise<readonly Part[]> {
  const patient = `Patient/${id}`;
  const [counts, partitions] = await Promise.all([clinical.countRecord(rk, patient), administrative.partitionsOf(patient)]);
  return [
    ...[...counts].map(([type, count]) => group('documents', [part('type', type), part('count', count)])),
    ...partitions.map(({ type, partition, rows }) => group('partition', [part('type', type), part('name', partition), part('rows', rows)])),
  ];
}
