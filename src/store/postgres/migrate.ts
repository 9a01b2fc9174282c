/** Brings a database to the state that this version of the gateway needs. */
import { join } from 'node:path';
import { drizzle } from 'drizzle-orm/node-postgres';
import { migrate } from 'drizzle-orm/node-postgres/migrator';
import type { Pool } from 'pg';
import { ADMINISTRATIVE_TABLES } from './business-date.ts';
import { recreateFunctions } from './partitions/functions.ts';

const MIGRATIONS = join(import.meta.dirname, '../../../migrations/postgres');
/** Any fixed number: two gateways that start at once must agree on it. */
const MIGRATION_LOCK = 7_203_517;

/**
 * Runs the migrations that the database lacks (forward only). Idempotent, and safe when several gateways start at once:
 * one migrates under an advisory lock while the others wait.
 * @returns how many ran
 */
export async function migratePostgres(pool: Pool): Promise<number> {
  const client = await pool.connect();
  try {
    await client.query(`SET lock_timeout = '60s'; SET statement_timeout = '300s'; SET client_min_messages = 'warning'`);
    await client.query('SELECT pg_advisory_lock($1)', [MIGRATION_LOCK]);
    const before = await countApplied(client);
    await migrate(drizzle(client), { migrationsFolder: MIGRATIONS, migrationsSchema: 'public', migrationsTable: 'schema_migrations' });
    for (const table of ADMINISTRATIVE_TABLES) await recreateFunctions(client, table);
    return (await countApplied(client)) - before;
  } finally {
    // Ends the session, and so the lock and the settings.
    client.release(true);
  }
}

async function countApplied(client: { query: Pool['query'] }): Promise<number> {
  const { rows } = await client.query<{ there: boolean }>(`SELECT to_regclass('public.schema_migrations') IS NOT NULL AS there`);
  if (!rows[0]?.there) return 0;
  const counted = await client.query<{ n: number }>('SELECT count(*)::int AS n FROM public.schema_migrations');
  return counted.rows[0]?.n ?? 0;
}
