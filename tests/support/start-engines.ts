/** Starts a run's engines in temporary folders, or takes those that the environment names. */
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startMongoCluster } from '../../src/embedded/mongo/cluster.ts';
import { findMongod, findMongos } from '../../src/embedded/mongo/find-mongod.ts';
import { startPostgres } from '../../src/embedded/postgres.ts';
import type { RunningEngine } from './shared-engine.ts';

export async function startTestMongo(): Promise<RunningEngine> {
  const running = process.env.TEST_MONGODB_URI;
  if (running) return { url: running, stop: async () => undefined };
  const mongod = await findMongod({ log });
  const mongos = await findMongos({ mongod });
  const shards = Number(process.env.TEST_SHARDS ?? 4);
  return inTemporaryFolder('mongo', async (dataDir) => {
    const cluster = await startMongoCluster({ mongod, mongos, dataDir, shards, members: 1, log });
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
  // PostgreSQL runs as another user when we are root, and must get through.
  await chmod(folder, 0o711);
  const remove = () => rm(folder, { recursive: true, force: true, maxRetries: 5 });
  try {
    const engine = await start(join(folder, 'data'));
    return { url: engine.url, stop: () => engine.stop().finally(remove) };
  } catch (error) {
    await remove();
    throw error;
  }
}

function log(line: string): void {
  if (process.env.TEST_ENGINE_LOG || line.includes('fetching')) process.stderr.write(`${line}\n`);
}
