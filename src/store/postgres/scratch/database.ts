/** Whole databases for `$benchmark`: prepared transactions belong to a database, and a gateway finishes those of its own only. */
import pg from 'pg';
import { unprocessable } from '../../../model/error.ts';
import type { ScratchDatabase } from '../../benchmark/scratch.ts';
import { codeOf } from '../errors.ts';

const MAY_NOT = '42501';

/** @throws FhirError 422 where the gateway's role may not create databases */
export async function openScratchDatabase(maintenance: pg.Pool, run: string): Promise<ScratchDatabase> {
  const name = `${await prefixOf(maintenance)}${run}`;
  try {
    await maintenance.query(`CREATE DATABASE ${pg.escapeIdentifier(name)}`);
  } catch (error) {
    if (codeOf(error) === MAY_NOT) throw unprocessable('the gateway’s role may not create databases in PostgreSQL', 'suite');
    throw error;
  }
  return { url: urlOf(maintenance, name), drop: () => dropDatabase(maintenance, name) };
}

/** Databases that an earlier run left behind. */
export async function sweepScratchDatabases(maintenance: pg.Pool): Promise<void> {
  const { rows } = await maintenance.query<{ name: string }>(
    'SELECT datname AS name FROM pg_database WHERE starts_with(datname, $1) AND pg_has_role(datdba, $2)',
    [await prefixOf(maintenance), 'USAGE'],
  );
  for (const { name } of rows) await dropDatabase(maintenance, name);
}

async function prefixOf(maintenance: pg.Pool): Promise<string> {
  const { rows } = await maintenance.query<{ name: string }>('SELECT current_database() AS name');
  return `${rows[0]?.name}_benchmark_`;
}

function urlOf(maintenance: pg.Pool, name: string): string {
  const url = new URL(maintenance.options.connectionString ?? '');
  url.pathname = `/${name}`;
  return url.href;
}

/** What is prepared in it would keep it. */
async function dropDatabase(maintenance: pg.Pool, name: string): Promise<void> {
  const { rows } = await maintenance.query<{ gid: string }>('SELECT gid FROM pg_prepared_xacts WHERE database = $1', [name]);
  if (rows.length > 0) {
    const client = new pg.Client({ connectionString: urlOf(maintenance, name) });
    await client.connect();
    try {
      for (const { gid } of rows) await client.query(`ROLLBACK PREPARED ${pg.escapeLiteral(gid)}`);
    } finally {
      await client.end();
    }
  }
  await maintenance.query(`DROP DATABASE IF EXISTS ${pg.escapeIdentifier(name)} WITH (FORCE)`);
}
