/**
 * `npm run migrate`: brings both stores to the state that this version needs, and ends. The gateway does the same when it
 * starts; this is for deployments that want it done beforehand. Takes the gateway's own flags.
 */
import { Pool } from 'pg';
import { loadConfig } from '../src/config/load.ts';
import type { Config } from '../src/config/options.ts';
import { startEngines } from '../src/embedded/engines.ts';
import { lockDataDir } from '../src/embedded/lock.ts';
import { connectMongo } from '../src/store/mongo/client.ts';
import { migrateMongo } from '../src/store/mongo/migrate.ts';
import { migratePostgres } from '../src/store/postgres/migrate.ts';
import { runCommand } from './run-command.ts';

const say = (line: string) => process.stderr.write(`· ${line}\n`);

async function migrate(mongodbUri: string, databaseUrl: string): Promise<void> {
  const { client, databaseName } = await connectMongo({ uri: mongodbUri });
  try {
    const ran = await migrateMongo(client, databaseName);
    say(`MongoDB: ${ran.length === 0 ? 'up to date' : `migrations ${ran.join(', ')} done`}`);
  } finally {
    await client.close();
  }
  const pool = new Pool({ connectionString: databaseUrl });
  try {
    const count = await migratePostgres(pool);
    say(`PostgreSQL: ${count === 0 ? 'up to date' : `${count} migrations done`}`);
  } finally {
    await pool.end();
  }
}

async function migrateEmbedded(config: Config): Promise<void> {
  const release = lockDataDir(config.dataDir, config.baseUrl);
  try {
    const engines = await startEngines(config, say);
    await migrate(engines.mongodbUri, engines.databaseUrl).finally(() => engines.stop());
  } finally {
    release();
  }
}

async function main(): Promise<void> {
  const config = loadConfig(process.argv.slice(2), process.env);
  if (config.connect && config.mongodbUri && config.databaseUrl) await migrate(config.mongodbUri, config.databaseUrl);
  else await migrateEmbedded(config);
}

await runCommand(main);
