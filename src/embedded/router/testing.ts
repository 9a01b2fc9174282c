/** What the router's tests share: a collection split over the shards of the run's cluster. */
import { type Collection, type Db, type Document, MaxKey, MongoClient, type MongoClientOptions } from 'mongodb';

export interface TestDocument extends Document {
  _id: string;
}

const BOUNDS = ['004', '008', '00c'] as const;

interface SplitCollection {
  readonly client: MongoClient;
  readonly database: Db;
  readonly collection: Collection<TestDocument>;
  /** Ids of the shards, in the order of their ranges. */
  readonly shards: readonly string[];
}

/** Connects to a router; `isSharded` is false for a replica set, where its tests have nothing to say. */
export async function connect(uri: string, options: MongoClientOptions = {}): Promise<{ client: MongoClient; isSharded: boolean }> {
  const client = await new MongoClient(uri, { writeConcern: { w: 'majority' }, ...options }).connect();
  const hello = await client.db('admin').command({ hello: 1 });
  return { client, isSharded: hello.msg === 'isdbgrid' };
}

/** Shards `name` on `_id` and spreads it: one range a shard. */
export async function splitCollection(client: MongoClient, databaseName: string, name: string): Promise<SplitCollection> {
  const admin = client.db('admin');
  const { shards } = await admin.command({ listShards: 1 });
  const ids: string[] = shards.map((shard: { _id: string }) => shard._id);
  await admin.command({ shardCollection: `${databaseName}.${name}`, key: { _id: 1 } });
  for (const [index, shard] of ids.entries()) {
    const min = index === 0 ? undefined : BOUNDS[index - 1];
    if (min === undefined) continue;
    const max = { _id: BOUNDS[index] ?? new MaxKey() };
    await admin.command({ moveRange: `${databaseName}.${name}`, min: { _id: min }, max, toShard: shard });
  }
  const database = client.db(databaseName);
  return { client, database, collection: database.collection<TestDocument>(name), shards: ids };
}

/** `count` documents whose keys go round the 16 first digits, so over all shards. */
export function spread(count: number, suffix = ''): TestDocument[] {
  return Array.from({ length: count }, (_, n) => ({
    _id: `00${(n % 16).toString(16)}${String(n).padStart(5, '0')}${suffix}`,
    n,
    group: n % 3,
  }));
}
