/** The set-up script of docker-compose.yml against a real mongod with a key file, as far as one goes without a mongos. */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MongoClient } from 'mongodb';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { initiateSet, putMonitor, readSet } from '../../scripts/init-cluster.ts';
import { findFreePorts } from '../../src/embedded/free-ports.ts';
import { findMongod } from '../../src/embedded/mongo/find-mongod.ts';

const folder = mkdtempSync(join(tmpdir(), 'meridian-test-init-'));
const key = randomBytes(96).toString('base64');
const [port = 0] = await findFreePorts(1);
const shard = readSet(`shard_0/127.0.0.1:${port}`);
let mongod: ChildProcess;

beforeAll(async () => {
  mkdirSync(join(folder, 'db'));
  writeFileSync(join(folder, 'key'), key, { mode: 0o400 });
  const flags = ['--shardsvr', '--replSet', 'shard_0', '--dbpath', join(folder, 'db'), '--port', String(port), '--bind_ip', '127.0.0.1'];
  mongod = spawn(await findMongod(), [...flags, '--keyFile', join(folder, 'key'), '--noscripting'], { stdio: 'ignore' });
});

afterAll(async () => {
  mongod.kill('SIGKILL');
  await once(mongod, 'exit');
  rmSync(folder, { recursive: true });
});

const asUser = async <T>(password: string, work: (client: MongoClient) => Promise<T>): Promise<T> => {
  const client = new MongoClient(`mongodb://meridian:${password}@127.0.0.1:${port}/?authSource=admin&replicaSet=shard_0`);
  try {
    return await work(client);
  } finally {
    await client.close();
  }
};
const statusAs = (password: string) => asUser(password, (client) => client.db('admin').command({ replSetGetStatus: 1 }));

test('initiates the set, makes a user that may look and no more, and can be run again with another password', async () => {
  await initiateSet(shard, key);
  await putMonitor(shard, key, { name: 'meridian', password: 'first' });
  expect(await statusAs('first')).toMatchObject({ set: 'shard_0', members: [{ stateStr: 'PRIMARY' }] });
  await expect(asUser('first', (client) => client.db('meridian').collection('x').insertOne({}))).rejects.toThrow(/not authorized/);
  await initiateSet(shard, key);
  await putMonitor(shard, key, { name: 'meridian', password: 'second' });
  await expect(statusAs('first')).rejects.toThrow(/Authentication failed/);
  expect(await statusAs('second')).toMatchObject({ set: 'shard_0' });
});

test('a set that is not NAME/HOST:PORT,… is refused', () => {
  expect(() => readSet('shard_0')).toThrow('--set must be NAME/HOST:PORT,…, not "shard_0"');
});
