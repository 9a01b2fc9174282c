/** MongoDB's scratch ground: the same observations in one range on one shard, and in several over all of them. */
import type { Collection, Db, Document } from 'mongodb';
import type { ArenaSize, ScratchArena, ScratchGround, ShardedGroundOptions } from '../../benchmark/scratch.ts';
import type { MongoCollections } from '../client.ts';
import { openShardClocks } from './cpu.ts';
import { extractOf } from './plan.ts';
import { layOut } from './ranges.ts';
import { INDEXES, observationOf, QUERIES, RECORDS_PER_PATIENT, type ScratchObservation, type ScratchQuery } from './records.ts';
import { restoreCaches, totalCacheOf } from './total-cache.ts';

const BATCH = 1000;
/** A query that takes longer is a failure of the benchmark. */
const QUERY_WITHIN_MS = 10_000;

/** Undefined on a replica set: there is nothing to shard over. */
export async function openMongoGround(collections: MongoCollections, options: ShardedGroundOptions): Promise<ScratchGround | undefined> {
  const { client } = collections;
  const admin = client.db('admin');
  if ((await admin.command({ hello: 1 })).msg !== 'isdbgrid') return undefined;
  const { shards } = (await admin.command({ listShards: 1 })) as unknown as { shards: { _id: string; host: string }[] };
  shards.sort((a, b) => (a._id < b._id ? -1 : 1));
  const names = shards.map(({ _id }) => _id);
  const database = client.db(`${prefixOf(collections)}${options.run}`);
  const clocks = openShardClocks(client, shards);
  const open = (ranges: number) => openArena(collections, database, ranges, names);
  return {
    engine: 'MongoDB',
    queries: Object.keys(QUERIES),
    baseline: open(1),
    layouts: [...new Set(options.ranges)].filter((count) => count > 1).map(open),
    engineCpuMs: clocks.cpuMs,
    cpuSource: 'MongoDB: serverStatus of every shard’s primary (user and system time), without routers and the config server',
    cache: async () => ({ ...(await cacheOf(clocks)), members: names.length, baselineMembers: 1 }),
    // The one range lies on the first of them.
    ...(names.length > 1 &&
      shards[0] && { totalCache: totalCacheOf(collections, shards[0], async () => (await cacheOf(clocks)).totalBytes) }),
    async drop() {
      await database.dropDatabase();
      await clocks.close();
    },
  };
}

/** The smallest of all members, and all of them together. */
async function cacheOf({ cacheBytes }: ReturnType<typeof openShardClocks>): Promise<{ bytesPerMember?: number; totalBytes?: number }> {
  const caches = await cacheBytes();
  return caches === undefined ? {} : { bytesPerMember: Math.min(...caches), totalBytes: caches.reduce((sum, bytes) => sum + bytes, 0) };
}

/** Databases and enlarged caches that an earlier run left behind; only those of this gateway's own database. */
export async function sweepMongoGrounds(collections: MongoCollections): Promise<void> {
  const { client } = collections;
  const { databases } = await client.db('admin').admin().listDatabases({ nameOnly: true });
  for (const { name } of databases) if (name.startsWith(prefixOf(collections))) await client.db(name).dropDatabase();
  await restoreCaches(collections);
}

const prefixOf = ({ databaseName }: MongoCollections) => `${databaseName}_benchmark_`;

function openArena(collections: MongoCollections, database: Db, ranges: number, shards: readonly string[]): ScratchArena {
  const name = `ranges_${ranges}`;
  const observations: Collection<ScratchObservation> = database.collection(name);
  let patients = 1;

  const cursorOf = (query: string, n: number) => {
    const { group, filter, sort, skip = 0, limit } = queryOf(query, n, patients);
    if (group) return observations.aggregate([{ $match: filter }, { $group: group }], { maxTimeMS: QUERY_WITHIN_MS });
    const found = observations.find(filter, { limit: limit ?? 0, skip, maxTimeMS: QUERY_WITHIN_MS });
    return sort ? found.sort(sort) : found;
  };

  return {
    layout: ranges === 1 ? 'unsharded' : `${ranges} ranges`,

    async load(records, isCancelled) {
      patients = Math.max(1, Math.floor(records / RECORDS_PER_PATIENT));
      await layOut(collections, `${database.databaseName}.${name}`, ranges, shards);
      await observations.createIndexes([...INDEXES]);
      const total = patients * RECORDS_PER_PATIENT;
      for (let start = 0; start < total && !isCancelled(); start += BATCH) {
        const batch = Array.from({ length: Math.min(BATCH, total - start) }, (_, offset) => observationOf(start + offset));
        await observations.insertMany(batch, { ordered: false });
      }
    },
    run: async (query, n) => (await cursorOf(query, n).toArray()).length,
    explain: async (query) => extractOf((await cursorOf(query, 1).explain('executionStats')) as Document, shards.length),
    size: () => sizeOf(observations),
  };
}

function queryOf(query: string, n: number, patients: number): ScratchQuery {
  const ask = QUERIES[query];
  if (!ask) throw new Error(`no such class of query: ${query}`);
  return ask(n, patients);
}

async function sizeOf(observations: Collection<ScratchObservation>): Promise<ArenaSize> {
  const reports = await observations.aggregate<Document>([{ $collStats: { storageStats: {} } }]).toArray();
  const shares = reports.map(({ storageStats }) => Number(storageStats.size) + Number(storageStats.totalIndexSize));
  return { bytes: shares.reduce((sum, share) => sum + share, 0), largestShareBytes: Math.max(0, ...shares) };
}
