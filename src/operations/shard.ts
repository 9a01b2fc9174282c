/** `GET /$shard`: where everything lies, as MongoDB and PostgreSQL report it. */
import definition from '../../fhir/definitions/System-shard.json' with { type: 'json' };
import type { Administration, PartitionDescription, ShardDescription } from '../store/administration.ts';
import { group, type Part, parametersAnswer, part } from './answer.ts';
import { defineOperation, type Operation } from './operation.ts';

export function createShardOperation({ clinical, administrative }: Administration): Operation {
  return defineOperation({
    definition,
    affectsState: false,
    isAdministrative: true,
    authorise: (access) => access.requireOperation('shard', 'r'),
    handle: async () => {
      const [cluster, partitions] = await Promise.all([clinical.describeCluster(), administrative.describePartitions()]);
      return parametersAnswer([
        part('topology', cluster.kind),
        part('balancer', cluster.balancer),
        part('shardKey', '_id'),
        ...cluster.shards.map(shardPart),
        ...partitions.map(partitionPart),
      ]);
    },
  });
}

function shardPart({ name, hosts, ranges, documents, bytes, indexBytes }: ShardDescription): Part {
  return group('shard', [
    part('name', name),
    ...hosts.map((host) => part('host', host)),
    ...ranges.map(({ min, max }) => group('range', [part('min', min), part('max', max)])),
    part('documents', documents),
    part('bytes', bytes),
    part('indexBytes', indexBytes),
  ]);
}

function partitionPart({ table, partition, range, isDefault, rows, bytes }: PartitionDescription): Part {
  return group('partition', [
    part('table', table),
    part('name', partition),
    part('range', range),
    part('isDefault', isDefault),
    part('rows', rows),
    part('bytes', bytes),
  ]);
}
