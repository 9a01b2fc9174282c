/** What MongoDB itself reports of its shards: ranges, hosts, documents and bytes. */
import type { Document } from 'mongodb';
import type { ClusterDescription, KeyRange, RecordOwner, ShardDescription } from '../administration.ts';
import type { MongoCollections } from './client.ts';

const WHOLE: KeyRange = { min: 'MinKey', max: 'MaxKey' };

/** Describes the cluster as it is now. Sizes are those of `resources` and `history` together. */
export async function describeCluster(collections: MongoCollections): Promise<ClusterDescription> {
  const admin = collections.client.db('admin');
  const hello = await admin.command({ hello: 1 });
  const sizes = await sizesByShard(collections);
  if (hello.msg !== 'isdbgrid') {
    const [size] = sizes.values();
    const hosts = (hello.hosts as string[] | undefined) ?? [];
    return { kind: 'replica-set', shards: [{ name: hello.setName as string, hosts, ranges: [WHOLE], ...(size ?? NO_SIZE) }] };
  }
  const [{ shards }, chunks, status] = await Promise.all([
    admin.command({ listShards: 1 }) as unknown as Promise<{ shards: { _id: string; host: string }[] }>,
    chunksOf(collections),
    admin.command({ balancerStatus: 1 }),
  ]);
  const describe = ({ _id, host }: { _id: string; host: string }): ShardDescription => ({
    name: _id,
    hosts: hostsIn(host),
    ranges: chunks.filter(({ shard }) => shard === _id).map(rangeOf),
    ...(sizes.get(_id) ?? NO_SIZE),
  });
  return { kind: 'sharded', shards: shards.map(describe).sort((a, b) => (a.name < b.name ? -1 : 1)), balancer: status.mode as string };
}

/** The shard that owns a record key, the range by which it does, and its members. */
export async function ownerOfRecord(collections: MongoCollections, rk: string): Promise<RecordOwner> {
  const { shards } = await describeCluster(collections);
  const isIn = ({ min, max }: KeyRange) => (min === 'MinKey' || min <= rk) && (max === 'MaxKey' || rk < max);
  for (const { name, ranges, hosts } of shards) {
    const range = ranges.find(isIn);
    if (range) return { shard: name, range, hosts };
  }
  throw new Error(`no shard owns the record key ${rk}`);
}

/** Members as `host:port` by shard, or of the one replica set. Asks for no sizes, so it works while shards are away. */
export async function shardHosts({ client }: MongoCollections): Promise<ReadonlyMap<string, readonly string[]>> {
  const admin = client.db('admin');
  const hello = await admin.command({ hello: 1 });
  if (hello.msg !== 'isdbgrid') return new Map([[hello.setName as string, (hello.hosts as string[] | undefined) ?? []]]);
  const { shards } = (await admin.command({ listShards: 1 })) as unknown as { shards: { _id: string; host: string }[] };
  return new Map(shards.map(({ _id, host }) => [_id, hostsIn(host)] as const).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Current resources of one record by type, as its shard holds them. */
export async function countRecord({ resources }: MongoCollections, rk: string, patient: string): Promise<ReadonlyMap<string, number>> {
  const groups = await resources
    .aggregate<{ _id: string; n: number }>([
      {
        $match: {
          _id: { $gte: `${rk}/`, $lt: `${rk}0` },
          deleted: { $exists: false },
          $or: [{ patients: patient }, { type: 'Patient', id: patient.slice(8) }],
        },
      },
      { $group: { _id: '$type', n: { $sum: 1 } } },
      { $sort: { _id: 1 } },
    ])
    .toArray();
  return new Map(groups.map(({ _id, n }) => [_id, n]));
}

/** The members in a shard's connection string: "shard_0/a:1,b:2". */
export function hostsIn(connection: string): readonly string[] {
  return connection.slice(connection.indexOf('/') + 1).split(',');
}

/** Ranges of `resources` in the order of their keys, each with its shard. */
export async function rangesOf(collections: MongoCollections): Promise<readonly (KeyRange & { readonly shard: string })[]> {
  return (await chunksOf(collections)).map((chunk) => ({ ...rangeOf(chunk), shard: chunk.shard as string }));
}

async function chunksOf({ client, databaseName }: MongoCollections): Promise<readonly Document[]> {
  const config = client.db('config');
  const collection = await config.collection<{ _id: string; uuid: unknown }>('collections').findOne({ _id: `${databaseName}.resources` });
  return config.collection('chunks').find({ uuid: collection?.uuid }).sort({ min: 1 }).toArray();
}

function rangeOf(chunk: Document): KeyRange {
  const text = (bound: unknown, end: string) => (typeof bound === 'string' ? bound : end);
  return { min: text(chunk.min._id, 'MinKey'), max: text(chunk.max._id, 'MaxKey') };
}

interface Size {
  readonly documents: number;
  readonly bytes: number;
  readonly indexBytes: number;
}

const NO_SIZE: Size = { documents: 0, bytes: 0, indexBytes: 0 };

/** @see https://www.mongodb.com/docs/manual/reference/operator/aggregation/collStats/ */
async function sizesByShard({ resources, history }: MongoCollections): Promise<ReadonlyMap<string, Size>> {
  const pipeline = [{ $collStats: { storageStats: {} } }];
  const reports = (await Promise.all([resources, history].map((collection) => collection.aggregate<Document>(pipeline).toArray()))).flat();
  const sizes = new Map<string, Size>();
  for (const { shard = '', storageStats } of reports) {
    const { documents, bytes, indexBytes } = sizes.get(shard) ?? NO_SIZE;
    sizes.set(shard, {
      documents: documents + Number(storageStats.count),
      bytes: bytes + Number(storageStats.size),
      indexBytes: indexBytes + Number(storageStats.totalIndexSize),
    });
  }
  return sizes;
}
