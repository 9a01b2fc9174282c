/**
 * What an operation costs through the embedded router, and directly on one shard-sized replica set: CPU by process, and time.
 * `node bench/router-cost.ts [--seconds N] [--clients 1,16] [--operations findOne,find32,…]`
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type Collection, MongoClient } from 'mongodb';
import { startMongoCluster } from '../src/embedded/mongo/cluster.ts';
import { findMongod, findMongos } from '../src/embedded/mongo/find-mongod.ts';
import { splitCollection } from '../src/embedded/router/testing.ts';
import { describeMachine } from './machine.ts';
import { cpuBetween, sampleCpu } from './processes.ts';

interface StoredText {
  readonly _id: string;
  readonly raw: string;
}

const STORED = 5_000;
const DURABLE = { writeConcern: { w: 'majority', j: true } } as const;
/** About as long as an Observation. */
const RAW = 'x'.repeat(1_200);

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '3' },
    clients: { type: 'string', default: '1,16' },
    operations: { type: 'string', default: 'findOne,find16,find32,sorted,insert1,insert16,insert32' },
  },
});

let made = 0;
function document(): StoredText {
  const key = Math.floor(Math.random() * 0xff_ff_ff_ff).toString(16);
  return { _id: `00${key.padStart(8, '0')}/Observation/${made++}`, raw: RAW };
}

const several = (count: number) => Array.from({ length: count }, document);

function operationsOn(collection: Collection<StoredText>, ids: readonly string[]): Record<string, () => Promise<unknown>> {
  const anyId = () => ids[Math.floor(Math.random() * ids.length)] ?? '';
  const find = (count: number) => () => collection.find({ _id: { $in: Array.from({ length: count }, anyId) } }).toArray();
  const insert = (count: number) => () => collection.insertMany(several(count), { ordered: false, ...DURABLE });
  return {
    findOne: () => collection.findOne({ _id: anyId() }),
    find16: find(16),
    find32: find(32),
    sorted: () => collection.find({ _id: { $gt: anyId() } }, { sort: { _id: 1 }, limit: 10 }).toArray(),
    insert1: () => collection.insertOne(document(), DURABLE),
    insert16: insert(16),
    insert32: insert(32),
  };
}

async function measure(label: string, clients: number, operation: () => Promise<unknown>): Promise<void> {
  for (let warm = 0; warm < 50; warm++) await operation();
  const times: number[] = [];
  const before = sampleCpu(process.pid);
  const endAt = performance.now() + Number(values.seconds) * 1_000;
  const client = async () => {
    for (let at = performance.now(); at < endAt; ) {
      await operation();
      const now = performance.now();
      times.push(now - at);
      at = now;
    }
  };
  await Promise.all(Array.from({ length: clients }, client));
  const cpu = cpuBetween(before, sampleCpu(process.pid));
  times.sort((a, b) => a - b);
  const each = (ms: number) => Number((ms / times.length).toFixed(3));
  const perSecond = Math.round(times.length / Number(values.seconds));
  const p50 = Number((times[times.length >> 1] ?? 0).toFixed(2));
  console.log(
    JSON.stringify({ label, clients, perSecond, p50, router: each(cpu.router), mongod: each(cpu.shards), driver: each(cpu.gateway) }),
  );
}

async function run(label: string, shards: number): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'meridian-bench-'));
  const mongod = await findMongod();
  const cluster = await startMongoCluster({
    mongod,
    mongos: await findMongos({ mongod }),
    dataDir: join(folder, 'data'),
    shards,
    members: 1,
  });
  const client = await new MongoClient(cluster.uri, { maxPoolSize: 50, enableUtf8Validation: false }).connect();
  try {
    if (shards > 0) await splitCollection(client, 'bench', 'texts');
    const collection = client.db('bench').collection<StoredText>('texts');
    const stored = several(STORED);
    await collection.insertMany(stored, { ordered: false });
    const operations = operationsOn(
      collection,
      stored.map(({ _id }) => _id),
    );
    for (const name of values.operations.split(',')) {
      const operation = operations[name];
      if (!operation) throw new Error(`no operation ${name}: ${Object.keys(operations).join(', ')}`);
      for (const clients of values.clients.split(',')) await measure(`${label} ${name}`, Number(clients), operation);
    }
  } finally {
    await client.close();
    await cluster.stop();
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

console.log(JSON.stringify(describeMachine()));
await run('four shards, router:', 4);
await run('one replica set:', 0);
