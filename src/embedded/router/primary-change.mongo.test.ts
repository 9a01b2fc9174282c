import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { MongoClient } from 'mongodb';
import { afterAll, describe, expect, test } from 'vitest';
import { startMongoCluster } from '../mongo/cluster.ts';
import { findMongod, findMongos } from '../mongo/find-mongod.ts';
import { connect, splitCollection, spread } from './testing.ts';

/** Election time-out 2 s, and what a busy machine adds. */
const LONGEST_GAP_MS = 12_000;

const mongod = await findMongod();
const folder = await mkdtemp(join(tmpdir(), 'meridian-primary-'));
const cluster = await startMongoCluster({ mongod, mongos: await findMongos({ mongod }), dataDir: folder, shards: 2, members: 3 });
const { client } = await connect(cluster.uri);
afterAll(async () => {
  await client.close();
  await cluster.stop();
  await rm(folder, { recursive: true, force: true, maxRetries: 5 });
});

/** SIGKILL to the primary of a shard. */
async function killPrimary(shard: string): Promise<void> {
  const { shards } = await client.db('admin').command({ listShards: 1 });
  const { host } = shards.find(({ _id }: { _id: string }) => _id === shard);
  const direct = await new MongoClient(`mongodb://${host.slice(host.indexOf('/') + 1)}/?replicaSet=${shard}`).connect();
  const { pid } = await direct.db('admin').command({ serverStatus: 1 });
  process.kill(Number(pid), 'SIGKILL');
  await direct.close();
}

/** How many finds each secondary of a shard has served. */
async function findsOfSecondaries(shard: string): Promise<number[]> {
  const { shards } = await client.db('admin').command({ listShards: 1 });
  const { host } = shards.find(({ _id }: { _id: string }) => _id === shard);
  const counts: number[] = [];
  for (const address of host.slice(host.indexOf('/') + 1).split(',')) {
    const direct = await new MongoClient(`mongodb://${address}/?directConnection=true`).connect();
    const status = await direct.db('admin').command({ serverStatus: 1 });
    if (status.repl.secondary) counts.push(status.metrics.commands.find.total);
    await direct.close();
  }
  return counts;
}

test('reads that may go to secondaries go there, in turn, and see what is majority-committed', async () => {
  const { collection } = await splitCollection(client, 'read_anywhere', 'things');
  await collection.insertMany(spread(64), { writeConcern: { w: 3 } });
  const secondary = { readPreference: 'secondaryPreferred' } as const;
  const before = await findsOfSecondaries('shard_0');
  for (let round = 0; round < 40; round++) {
    expect(await collection.findOne({ _id: '00100001' }, secondary)).toMatchObject({ n: 1 });
    expect(await collection.find({}, { ...secondary, sort: { n: 1 }, batchSize: 10 }).toArray()).toHaveLength(64);
  }
  const after = await findsOfSecondaries('shard_0');
  for (const [index, count] of after.entries()) expect(count - (before[index] ?? 0)).toBeGreaterThan(20);
}, 60_000);

describe('a shard’s primary is killed under load', () => {
  test('no acknowledged write is lost or done twice, no transaction is torn, and writes go on', async () => {
    const { collection } = await splitCollection(client, 'followed', 'things');
    await collection.insertMany([
      { _id: '001counter', n: 0 },
      { _id: '00dcounter', n: 0 },
    ]);
    const acknowledged: string[] = [];
    const pairs: number[] = [];
    let increments = 0;
    let longestGapMs = 0;
    let isOver = false;

    const insert = async () => {
      for (let round = 0, last = performance.now(); !isOver; round++, last = performance.now()) {
        const documents = spread(8, `-${round}`);
        await collection.insertMany(documents, { ordered: false });
        acknowledged.push(...documents.map(({ _id }) => _id));
        longestGapMs = Math.max(longestGapMs, performance.now() - last);
      }
    };
    const increment = async () => {
      for (; !isOver; increments++) {
        await collection.updateOne({ _id: '001counter' }, { $inc: { n: 1 } });
        await collection.updateOne({ _id: '00dcounter' }, { $inc: { n: 1 } });
      }
    };
    const pair = async () => {
      for (let number = 0; !isOver; number++) {
        await client.withSession((session) =>
          session.withTransaction(async () => {
            await collection.insertOne({ _id: `001-pair-${number}`, pair: number }, { session });
            await collection.insertOne({ _id: `00d-pair-${number}`, pair: number }, { session });
          }),
        );
        pairs.push(number);
      }
    };
    let longestReadMs = 0;
    const readAnywhere = async () => {
      while (!isOver) {
        const started = performance.now();
        await collection.findOne({ _id: '001counter' }, { readPreference: 'secondaryPreferred' });
        longestReadMs = Math.max(longestReadMs, performance.now() - started);
      }
    };
    const read = async () => {
      while (!isOver)
        await collection
          .find({ n: { $gt: 1 } })
          .sort({ n: -1 })
          .limit(3)
          .toArray();
    };

    const workers = [insert(), increment(), pair(), read(), readAnywhere()];
    await sleep(500);
    await killPrimary('shard_0');
    await sleep(4_000);
    await killPrimary('shard_1');
    await sleep(4_000);
    isOver = true;
    await Promise.all(workers);

    const ids = new Set((await collection.find({}, { projection: { _id: 1 } }).toArray()).map(({ _id }) => _id));
    expect(acknowledged.filter((id) => !ids.has(id))).toEqual([]);
    expect((await collection.find({ _id: /counter$/ }).toArray()).map(({ n }) => n)).toEqual([increments, increments]);
    const halves = await collection.find({ pair: { $exists: true } }).toArray();
    expect(halves.map(({ pair }) => pair).sort((a, b) => a - b)).toEqual(pairs.flatMap((number) => [number, number]).sort((a, b) => a - b));
    expect(longestGapMs).toBeLessThan(LONGEST_GAP_MS);
    // Well within an election: nobody waited for the new primary.
    expect(longestReadMs).toBeLessThan(2_000);
  }, 90_000);
});
