/** What MongoDB itself reports of its shards: members, ranges, zones, config servers, documents, bytes and load. */
import type { Document } from 'mongodb';
import type { ClusterDescription, KeyRange, RecordOwner, ShardDescription, ZonedRange } from '../../administration.ts';
import type { MongoCollections } from '../client.ts';
import { measureShards, NO_SIZE, patientsByRange } from './shard-figures.ts';

const WHOLE: KeyRange = { min: 'MinKey', max: 'MaxKey' };

/** Describes the cluster as it is now. Sizes are those of `resources` and `history` together; takes about half a second. */
export async function describeCluster(collections: MongoCollections): Promise<ClusterDescription> {
  const admin = collections.client.db('admin');
  const [hello, sizes] = await Promise.all([admin.command({ hello: 1 }), measureShards(collections)]);
  if (hello.msg !== 'isdbgrid') {
    const [size] = sizes.values();
    const hosts = (hello.hosts as string[] | undefined) ?? [];
    const patients = await patientsByRange(collections, [WHOLE]);
    const shard = { name: hello.setName as string, hosts, zones: [], ranges: [WHOLE], ...(size ?? NO_SIZE), ...counted(patients) };
    return { kind: 'replica-set', routers: [], configServers: [], shards: [shard] };
  }
  const [{ shards }, chunks, zones, status] = await Promise.all([
    admin.command({ listShards: 1 }) as unknown as Promise<{ shards: ListedShard[] }>,
    chunksOf(collections),
    zonesOf(collections),
    admin.command({ balancerStatus: 1 }),
  ]);
  const zoned = (range: KeyRange): ZonedRange => {
    const zone = zoneIn(zones, range);
    return zone === undefined ? range : { ...range, zone };
  };
  const describe = async ({ _id, host, tags = [] }: ListedShard): Promise<ShardDescription> => {
    const ranges = chunks.filter(({ shard }) => shard === _id).map(rangeOf);
    const patients = await patientsByRange(collections, ranges);
    return {
      name: _id,
      hosts: hostsIn(host),
      zones: tags,
      ranges: ranges.map(zoned),
      ...(sizes.get(_id) ?? NO_SIZE),
      ...counted(patients),
    };
  };
  return {
    kind: 'sharded',
    routers: await routersOf(collections),
    configServers: await configServersOf(collections),
    shards: (await Promise.all(shards.map(describe))).sort((a, b) => (a.name < b.name ? -1 : 1)),
    balancer: status.mode as string,
  };
}

const counted = (patients: number | undefined) => (patients === undefined ? {} : { patients });

interface ListedShard {
  readonly _id: string;
  readonly host: string;
  readonly tags?: readonly string[];
}

/** The shard that owns a record key, the range by which it does, its zone, and its members. */
export async function ownerOfRecord(collections: MongoCollections, rk: string): Promise<RecordOwner> {
  const [hosts, ranges, zones] = await Promise.all([shardHosts(collections), ownedRanges(collections), zonesOf(collections)]);
  const range = ranges.find((each) => holds(each, rk));
  if (!range) throw new Error(`no shard owns the record key ${rk}`);
  const zone = zoneIn(zones, range);
  const { min, max, shard } = range;
  return { shard, range: { min, max }, hosts: hosts.get(shard) ?? [], ...(zone !== undefined && { zone }) };
}

/** Ranges of `resources` with their owners; a replica set owns the whole key space. */
export async function ownedRanges(collections: MongoCollections): Promise<readonly (KeyRange & { readonly shard: string })[]> {
  if (await isSharded(collections)) return rangesOf(collections);
  const [name = ''] = (await shardHosts(collections)).keys();
  return [{ ...WHOLE, shard: name }];
}

/** True if the range owns the key. */
const holds = ({ min, max }: KeyRange, key: string) => (min === 'MinKey' || min <= key) && (max === 'MaxKey' || key < max);

/** True behind a router, false for a replica set. */
export async function isSharded({ client }: MongoCollections): Promise<boolean> {
  return (await client.db('admin').command({ hello: 1 })).msg === 'isdbgrid';
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

/** Ranges of `resources`, or of another collection, in the order of their keys, each with its shard. */
export async function rangesOf(
  collections: MongoCollections,
  collection = 'resources',
): Promise<readonly (KeyRange & { readonly shard: string })[]> {
  return (await chunksOf(collections, collection)).map((chunk) => ({ ...rangeOf(chunk), shard: chunk.shard as string }));
}

async function chunksOf({ client, databaseName }: MongoCollections, name = 'resources'): Promise<readonly Document[]> {
  const config = client.db('config');
  const collection = await config.collection<{ _id: string; uuid: unknown }>('collections').findOne({ _id: `${databaseName}.${name}` });
  return config.collection('chunks').find({ uuid: collection?.uuid }).sort({ min: 1 }).toArray();
}

/** Zone ranges of `resources`. @see https://www.mongodb.com/docs/manual/reference/config-database/#mongodb-data-config.tags */
export async function zonesOf({ client, databaseName }: MongoCollections): Promise<readonly Required<ZonedRange>[]> {
  const tags = await client
    .db('config')
    .collection('tags')
    .find({ ns: `${databaseName}.resources` })
    .sort({ min: 1 })
    .toArray();
  return tags.map((tag) => ({ ...rangeOf(tag), zone: tag.tag as string }));
}

/** The zone that a range begins in. */
function zoneIn(zones: readonly Required<ZonedRange>[], { min }: KeyRange): string | undefined {
  return zones.find((zone) => (min === 'MinKey' ? zone.min === 'MinKey' : holds(zone, min)))?.zone;
}

/** Every `mongos` that reported to the config server, or the address that this gateway is connected to. */
async function routersOf({ client }: MongoCollections): Promise<readonly string[]> {
  const reported = await client.db('config').collection<{ _id: string }>('mongos').find().sort({ _id: 1 }).toArray();
  return reported.length > 0 ? reported.map(({ _id }) => _id) : client.options.hosts.map((host) => host.toString());
}

/** Members of the config servers' replica set; none where the cluster does not say. */
async function configServersOf({ client }: MongoCollections): Promise<readonly string[]> {
  const { map } = await client
    .db('admin')
    .command({ getShardMap: 1 })
    .catch(() => ({ map: undefined }));
  return map?.config ? hostsIn(map.config as string) : [];
}

function rangeOf(chunk: Document): KeyRange {
  const text = (bound: unknown, end: string) => (typeof bound === 'string' ? bound : end);
  return { min: text(chunk.min._id, 'MinKey'), max: text(chunk.max._id, 'MaxKey') };
}
