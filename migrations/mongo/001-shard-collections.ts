/**
 * Shards the collections on `_id`, which starts with the record key, and spreads the record keys evenly over the shards.
 *
 * With four shards the boundaries are `004`, `008`, `00c`: hash digits are even, so no balancer has to move anything.
 * A replica set (no `mongos`) keeps its collections unsharded.
 * @see https://www.mongodb.com/docs/manual/core/ranged-sharding/
 */
import type { Document, MongoClient } from 'mongodb';
import type { MigrationTarget } from './index.ts';

const SHARDED = ['resources', 'history', 'locators', 'guards', 'ledger', 'chunks', 'gateways'];
const ALREADY_SHARDED = 20;
const HASH_SPACE = 0x10000;

export async function shardCollections({ client, databaseName }: MigrationTarget): Promise<void> {
  const database = client.db(databaseName);
  if (!(await isSharded(client))) {
    const existing = new Set((await database.listCollections({}, { nameOnly: true }).toArray()).map(({ name }) => name));
    // In a transaction a collection can't be made on demand while another one is being made.
    for (const name of SHARDED) if (!existing.has(name)) await database.createCollection(name);
    return;
  }
  const admin = client.db('admin');
  await admin.command({ enableSharding: databaseName });
  const { shards } = (await admin.command({ listShards: 1 })) as unknown as { shards: { _id: string }[] };
  const names = shards.map(({ _id }) => _id).sort();
  for (const collection of SHARDED) {
    const namespace = `${databaseName}.${collection}`;
    await tolerate([ALREADY_SHARDED], admin.command({ shardCollection: namespace, key: { _id: 1 } }));
    await spread(client, namespace, names);
  }
}

async function isSharded(client: MongoClient): Promise<boolean> {
  return (await client.db('admin').command({ hello: 1 })).msg === 'isdbgrid';
}

/** Gives each shard one range of record keys. Ranges are moved while the collection is empty, which costs milliseconds. */
async function spread(client: MongoClient, namespace: string, shards: readonly string[]): Promise<void> {
  const admin = client.db('admin');
  const starts = shards.slice(1).map((_, index) => boundary(index + 1, shards.length));
  for (const [index, start] of starts.entries()) {
    const shard = shards[index + 1] as string;
    const next = starts[index + 1];
    if ((await ownerOf(client, namespace, start)) === shard) continue;
    await splitAt(client, namespace, start);
    if (next) await splitAt(client, namespace, next);
    await admin.command({ moveChunk: namespace, find: { _id: start }, to: shard });
  }
}

/** The least record key of the `index`-th of `count` equal parts of the default zone: "004" for 1 of 4. */
function boundary(index: number, count: number): string {
  const digits = Math.round((HASH_SPACE * index) / count)
    .toString(16)
    .padStart(4, '0');
  return `00${digits.replace(/0+$/, '')}`;
}

async function splitAt(client: MongoClient, namespace: string, at: string): Promise<void> {
  const existing = await chunkAt(client, namespace, at);
  if ((existing?.min as { _id: unknown } | undefined)?._id === at) return;
  await client.db('admin').command({ split: namespace, middle: { _id: at } });
}

async function ownerOf(client: MongoClient, namespace: string, at: string): Promise<string | undefined> {
  const chunk = await chunkAt(client, namespace, at);
  return (chunk?.min as { _id: unknown } | undefined)?._id === at ? (chunk?.shard as string) : undefined;
}

async function chunkAt(client: MongoClient, namespace: string, at: string): Promise<Document | undefined> {
  const config = client.db('config');
  const collection = await config.collection<{ _id: string; uuid: unknown }>('collections').findOne({ _id: namespace });
  const chunks = await config.collection('chunks').find({ uuid: collection?.uuid }).toArray();
  return chunks
    .filter((chunk) => isAtMost(chunk.min._id, at))
    .sort((a, b) => (isAtMost(a.min._id, b.min._id) ? -1 : 1))
    .at(-1);
}

/** MinKey sorts before every text. */
function isAtMost(a: unknown, b: unknown): boolean {
  return typeof a !== 'string' || (typeof b === 'string' && a <= b);
}

async function tolerate(codes: readonly number[], work: Promise<unknown>): Promise<void> {
  await work.catch((error: { code?: number }) => (codes.includes(error.code ?? 0) ? undefined : Promise.reject(error)));
}
