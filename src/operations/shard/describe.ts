/** `GET /$shard` in parts: one row for each shard, chunk and partition, so that it reads well as a table too. */
import type { Administration, ClusterDescription, PartitionDescription, ShardDescription } from '../../store/administration.ts';
import { group, type Part, part } from '../answer.ts';
import { archivePart } from './partitions.ts';

export async function describeAll({ clinical, administrative }: Administration): Promise<readonly Part[]> {
  const [cluster, partitions, archives] = await Promise.all([
    clinical.describeCluster(),
    administrative.describePartitions(),
    administrative.describeArchives(),
  ]);
  return [...clusterParts(cluster), ...partitions.map(partitionPart), ...archives.map(archivePart)];
}

function clusterParts({ kind, routers, configServers, balancer, shards }: ClusterDescription): readonly Part[] {
  return [
    part('topology', kind),
    part('engine', 'MongoDB'),
    ...routers.map((host) => part('router', host)),
    ...configServers.map((host) => part('configServer', host)),
    part('balancer', balancer),
    part('shardKey', '_id'),
    part('imbalancePercent', imbalanceOf(shards)),
    ...shards.map(shardPart),
    ...shards.flatMap(({ name, ranges }) =>
      ranges.map(({ min, max, zone }) => group('chunk', [part('shard', name), part('min', min), part('max', max), part('zone', zone)])),
    ),
  ];
}

/** By how much the largest shard exceeds the mean, in percent of the mean; by bytes. */
function imbalanceOf(shards: readonly Pick<ShardDescription, 'bytes'>[]): number {
  const mean = shards.reduce((sum, { bytes }) => sum + bytes, 0) / shards.length;
  return mean > 0 ? Math.round((Math.max(...shards.map(({ bytes }) => bytes)) / mean - 1) * 100) : 0;
}

function shardPart(shard: ShardDescription): Part {
  return group('shard', [
    part('name', shard.name),
    ...shard.hosts.map((host) => part('host', host)),
    ...shard.zones.map((zone) => part('zone', zone)),
    part('chunks', shard.ranges.length),
    part('documents', shard.documents),
    part('bytes', shard.bytes),
    part('indexBytes', shard.indexBytes),
    part('patients', shard.patients),
    part('readsPerSecond', shard.readsPerSecond),
    part('writesPerSecond', shard.writesPerSecond),
  ]);
}

function partitionPart({ table, partition, range, isDefault, rows, bytes, lastAnalysed, waiting }: PartitionDescription): Part {
  return group('partition', [
    part('table', table),
    part('name', partition),
    part('range', range),
    part('isDefault', isDefault),
    part('rows', rows),
    part('bytes', bytes),
    part('lastAnalysed', lastAnalysed),
    part('waiting', waiting),
  ]);
}
