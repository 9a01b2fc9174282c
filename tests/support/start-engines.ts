/** Starts a run's engines in temporary folders, or takes those that the environment names. */
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { startPostgres } from '../../src/embedded/postgres.ts';
import { startReplicaSet } from './replica-set.ts';
import type { RunningEngine } from './shared-engine.ts';

export async function startTestMongo(): Promise<RunningEngine> {
  const running = process.env.TEST_MONGODB_URI;
  if (running) return { url: running, stop: async () => undefined };
  return inTemporaryFolder('mongo', async (dataDir) => {
    const clusterModule = join(import.meta.dirname, '../../src/embedded/mongo/cluster.ts');
    if (!existsSync(clusterModule) || process.env.TEST_MONGO !== 'cluster')
      return startReplicaSet({ mongod: await mongodBinary(), dataDir });
    const { startMongoCluster } = await import(pathToFileURL(clusterModule).href);
    const cluster = await startMongoCluster({
      mongod: await mongodBinary(),
      mongos: process.env.MONGOS_BINARY,
      dataDir,
      shards: Number(process.env.TEST_SHARDS ?? 4),
      members: 1,
      log,
    });
    return { url: cluster.uri, stop: () => cluster.stop() };
  });
}

export async function startTestPostgres(): Promise<RunningEngine> {
  const running = process.env.TEST_DATABASE_URL;
  if (running) return { url: running, stop: async () => undefined };
  return inTemporaryFolder('postgres', async (dataDir) => {
    const postgres = await startPostgres({ dataDir });
    return { url: postgres.url, stop: () => postgres.stop() };
  });
}

async function inTemporaryFolder(name: string, start: (dataDir: string) => Promise<RunningEngine>): Promise<RunningEngine> {
  const folder = await mkdtemp(join(tmpdir(), `meridian-test-${name}-`));
  const remove = () => rm(folder, { recursive: true, force: true, maxRetries: 5 });
  try {
    const engine = await start(join(folder, 'data'));
    return { url: engine.url, stop: () => engine.stop().finally(remove) };
  } catch (error) {
    await remove();
    throw error;
  }
}

/** The `mongod` of the run. */
export async function mongodBinary(): Promise<string> {
  const binary = process.env.MONGOD_BINARY;
  if (!binary) throw new Error('Set MONGOD_BINARY to a mongod, version 6 or newer.');
  return binary;
}

function log(line: string): void {
  if (process.env.TEST_ENGINE_LOG) process.stderr.write(`${line}\n`);
}
