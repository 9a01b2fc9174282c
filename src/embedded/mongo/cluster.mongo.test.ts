import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { MongoClient } from 'mongodb';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { until } from '../../../tests/support/until.ts';
import { splitCollection, spread } from '../router/testing.ts';
import { type MongoCluster, startMongoCluster } from './cluster.ts';
import { readRecord } from './data-folder.ts';
import { findMongod, findMongos } from './find-mongod.ts';
import { nodeBinary } from './node-binary.ts';
import { commandLineOf } from './processes.ts';

const mongod = await findMongod();
const mongos = await findMongos({ mongod });
const folder = await mkdtemp(join(tmpdir(), 'meridian-cluster-'));
afterAll(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }));

const running: MongoCluster[] = [];
afterEach(() => Promise.all(running.splice(0).map((cluster) => cluster.stop())));

async function start(name: string, shape: { shards: number; members: number }): Promise<MongoCluster> {
  const cluster = await startMongoCluster({ mongod, mongos, dataDir: join(folder, name), ...shape });
  running.push(cluster);
  return cluster;
}

async function withClient<Result>({ uri }: MongoCluster, work: (client: MongoClient) => Promise<Result>): Promise<Result> {
  const client = await new MongoClient(uri, { serverSelectionTimeoutMS: 10_000 }).connect();
  try {
    return await work(client);
  } finally {
    await client.close();
  }
}

const isAlive = (pid: number) => commandLineOf(pid) !== '';

async function untilGone(pids: readonly number[], withinMs: number): Promise<readonly number[]> {
  await until(() => !pids.some(isAlive), withinMs);
  return pids.filter(isAlive);
}

async function listenOn(port: number): Promise<Server> {
  const server = createServer().listen(port, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  return server;
}

describe('a sharded cluster', () => {
  const shape = { shards: 2, members: 1 };

  test('keeps its data over a restart, also when its ports were taken meanwhile; stops without a rest', async () => {
    const first = await start('restarted', shape);
    expect(first.processes().map(({ role }) => role)).toEqual(
      expect.arrayContaining(['config', 'shard_0/0', 'shard_1/0', 'router', 'guardian']),
    );
    await withClient(first, async (client) => {
      const { collection } = await splitCollection(client, 'kept', 'things');
      await collection.insertMany(spread(32), { writeConcern: { w: 'majority', j: true } });
    });
    const pids = first.processes().map(({ pid }) => pid);
    await first.stop();
    await first.stop();
    expect(pids.filter(isAlive)).toEqual([]);

    const ports = readRecord(join(folder, 'restarted'))?.members.map(({ port }) => port) ?? [];
    const taken = await Promise.all(ports.slice(0, 2).map(listenOn));
    const second = await start('restarted', shape);
    try {
      await withClient(second, async (client) => {
        const things = client.db('kept').collection<{ _id: string }>('things');
        expect(await things.countDocuments()).toBe(32);
        await things.insertMany(spread(32, 'new'));
      });
    } finally {
      await second.stop();
      for (const server of taken) server.close();
    }
    const third = await start('restarted', shape);
    await withClient(third, async (client) => expect(await client.db('kept').collection('things').countDocuments()).toBe(64));
  }, 90_000);

  test('the folder of a living cluster is not given to a second one', async () => {
    await start('taken', { shards: 0, members: 1 });
    await expect(start('taken', { shards: 0, members: 1 })).rejects.toThrow(/in use by process/);
  }, 60_000);

  test('a folder with another shape is refused, not half used', async () => {
    const cluster = await start('shaped', { shards: 0, members: 1 });
    await cluster.stop();
    await expect(start('shaped', { shards: 1, members: 1 })).rejects.toThrow(/another cluster/);
  }, 60_000);

  test('a mongod or a router that dies is started again', async () => {
    const cluster = await start('revived', shape);
    const pidOf = (role: string) => cluster.processes().find((process) => process.role === role)?.pid ?? 0;
    await withClient(cluster, async (client) => {
      const { collection } = await splitCollection(client, 'kept', 'things');
      for (const role of ['shard_0/0', 'router']) {
        const before = pidOf(role);
        process.kill(before, 'SIGKILL');
        await expect.poll(() => pidOf(role), { timeout: 20_000 }).not.toBe(before);
        await expect
          .poll(() => collection.insertOne({ _id: `001${role}` }).catch((error) => error.code), { timeout: 20_000 })
          .toBeDefined();
        await expect.poll(() => collection.countDocuments().catch(() => 0), { timeout: 20_000 }).toBeGreaterThan(0);
      }
    });
  }, 90_000);

  test('SIGKILL of the process that started it leaves nothing running, and the next start finds all', async () => {
    const dataDir = join(folder, 'orphaned');
    const options = JSON.stringify({ mongod, mongos, dataDir, ...shape });
    const script = `
      import { startMongoCluster } from ${JSON.stringify(new URL('./cluster.ts', import.meta.url).href)};
      const cluster = await startMongoCluster(${options});
      console.log(JSON.stringify({ uri: cluster.uri, processes: cluster.processes() }));
      setInterval(() => {}, 1000);`;
    const parent = spawn(nodeBinary(), ['--input-type=module', '--eval', script], { stdio: ['ignore', 'pipe', 'inherit'] });
    const { value } = await createInterface({ input: parent.stdout })[Symbol.asyncIterator]().next();
    const cluster = JSON.parse(value ?? '{}') as { uri: string; processes: { role: string; pid: number }[] };
    await withClient(cluster as unknown as MongoCluster, async (client) => {
      const { collection } = await splitCollection(client, 'kept', 'things');
      await collection.insertMany(spread(32), { writeConcern: { w: 'majority', j: true } });
    });
    parent.kill('SIGKILL');
    expect(
      await untilGone(
        cluster.processes.map(({ pid }) => pid),
        5_000,
      ),
    ).toEqual([]);
    // What was acknowledged after the last checkpoint lies in the oplog alone: it must be there under new addresses too.
    const ports = readRecord(join(dataDir, ''))?.members.map(({ port }) => port) ?? [];
    const taken = await Promise.all(ports.slice(1).map(listenOn));
    try {
      await withClient(await start('orphaned', shape), async (client) => {
        expect(await client.db('kept').collection('things').countDocuments()).toBe(32);
      });
    } finally {
      for (const server of taken) server.close();
    }
  }, 90_000);
});

test('without shards: one replica set, no router', async () => {
  const cluster = await start('plain', { shards: 0, members: 1 });
  expect(cluster.processes().map(({ role }) => role)).toEqual(['replica/0', 'guardian']);
  await withClient(cluster, async (client) => {
    expect(await client.db('admin').command({ hello: 1 })).toMatchObject({ setName: 'replica' });
    await client.withSession((session) =>
      session.withTransaction(async () => {
        await client.db('a').collection<{ _id: number }>('b').insertOne({ _id: 1 }, { session });
      }),
    );
  });
}, 60_000);
