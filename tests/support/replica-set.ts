/** One mongod as a replica set of one: MongoDB without a router. */
import { spawn } from 'node:child_process';
import { mkdirSync, openSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { MongoClient } from 'mongodb';
import type { RunningEngine } from './shared-engine.ts';

export async function startReplicaSet(options: { mongod: string; dataDir: string }): Promise<RunningEngine> {
  mkdirSync(options.dataDir, { recursive: true });
  const port = await freePort();
  const log = openSync(join(options.dataDir, 'mongod.log'), 'a');
  const settings = [
    '--bind_ip',
    '127.0.0.1',
    '--port',
    String(port),
    '--replSet',
    'rs0',
    '--wiredTigerCacheSizeGB',
    '0.25',
    '--noscripting',
  ];
  const mongod = spawn(options.mongod, ['--dbpath', options.dataDir, ...settings], { stdio: ['ignore', log, log], detached: true });
  const exited = new Promise<void>((resolve) => mongod.once('exit', () => resolve()));
  const kill = () => mongod.kill('SIGKILL');
  process.once('exit', kill);
  await initiate(port);
  return {
    url: `mongodb://127.0.0.1:${port}/?replicaSet=rs0`,
    stop: async () => {
      process.off('exit', kill);
      mongod.kill('SIGTERM');
      await exited;
    },
  };
}

async function initiate(port: number): Promise<void> {
  const client = new MongoClient(`mongodb://127.0.0.1:${port}/?directConnection=true`, { serverSelectionTimeoutMS: 30_000 });
  try {
    const admin = client.db('admin');
    await admin.command({ replSetInitiate: { _id: 'rs0', members: [{ _id: 0, host: `127.0.0.1:${port}` }] } });
    while (!(await admin.command({ hello: 1 })).isWritablePrimary) await sleep(50);
  } finally {
    await client.close();
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer().once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
}
