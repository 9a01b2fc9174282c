/** The authorization store for a command: that of a gateway that runs, or else of its data folder. */
import { join } from 'node:path';
import { Pool } from 'pg';
import type { Config } from '../../src/config/options.ts';
import { lockDataDir } from '../../src/embedded/lock.ts';
import { runningPostgres } from '../../src/embedded/postgres/running.ts';
import { startPostgres } from '../../src/embedded/postgres.ts';
import type { AuthorizationStore } from '../../src/store/authorization.ts';
import { createAuthorizationStore } from '../../src/store/postgres/authorization.ts';
import { migratePostgres } from '../../src/store/postgres/migrate.ts';

const DATABASE = 'meridian';

/** Runs `act` with the store. Starts PostgreSQL for it if no gateway runs. */
export async function withAuthorizationStore<T>(config: Config, act: (store: AuthorizationStore) => Promise<T>): Promise<T> {
  if (config.connect) return withUrl(config.databaseUrl ?? '', act);
  const folder = join(config.dataDir, 'postgres');
  const running = await runningPostgres(folder, DATABASE);
  if (running) return withUrl(running, act);
  const release = lockDataDir(config.dataDir, config.baseUrl);
  try {
    const postgres = await startPostgres({ dataDir: folder });
    return await withUrl(postgres.url, act).finally(() => postgres.stop());
  } finally {
    release();
  }
}

async function withUrl<T>(connectionString: string, act: (store: AuthorizationStore) => Promise<T>): Promise<T> {
  const pool = new Pool({ connectionString, max: 2 });
  // A connection that breaks while the server stops must not end the command.
  pool.on('error', () => undefined);
  pool.on('connect', (client) => client.on('error', () => undefined));
  try {
    await migratePostgres(pool);
    return await act(createAuthorizationStore(pool));
  } finally {
    await pool.end();
  }
}
