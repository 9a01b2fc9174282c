/** A PostgreSQL primary, migrated, and a streaming replica of it. */
import { execFile } from 'node:child_process';
import { chmod, cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { type EmbeddedPostgres, startPostgres } from '../../src/embedded/postgres.ts';
import { createPostgresStore } from '../../src/store/postgres/postgres-store.ts';
import { until } from './until.ts';

export interface PostgresPair {
  readonly primary: EmbeddedPostgres;
  readonly replica: EmbeddedPostgres;
  stop(): Promise<void>;
}

export async function startPostgresPair(): Promise<PostgresPair> {
  const folder = await mkdtemp(join(tmpdir(), 'meridian-replica-'));
  await chmod(folder, 0o755);
  const primary = await startPostgres({ dataDir: join(folder, 'primary') });
  const store = createPostgresStore({ url: primary.url });
  await store.migrate();
  await store.close();
  await copyPrimary(folder, primary.url);
  const { password } = new URL(primary.url);
  const replica = await startPostgres({
    dataDir: join(folder, 'replica'),
    settings: { primary_conninfo: `host=127.0.0.1 port=${primary.port} user=meridian password=${password}` },
  });
  return {
    primary,
    replica,
    async stop() {
      await Promise.all([primary.stop(), replica.stop()]);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Waits until the replica has replayed all that the primary has written by now. */
export async function untilCaughtUp({ primary, replica }: PostgresPair): Promise<void> {
  const [place] = await rowsOf<{ place: string }>(primary.url, 'SELECT pg_current_wal_flush_lsn() AS place');
  const hasReached = async () => {
    const [row] = await rowsOf<{ is: boolean }>(replica.url, 'SELECT pg_last_wal_replay_lsn() >= $1::pg_lsn AS is', [place?.place]);
    return row?.is === true;
  };
  if (!(await until(hasReached))) throw new Error('the replica does not catch up');
}

/** How many connections of gateways to that server ended with a statement like this one. */
export async function lastStatementsLike(url: string, pattern: string): Promise<number> {
  const text = `SELECT count(*)::int AS n FROM pg_stat_activity WHERE application_name LIKE 'meridian-%' AND query LIKE $1`;
  const [row] = await rowsOf<{ n: number }>(url, text, [pattern]);
  return row?.n ?? 0;
}

async function rowsOf<Row extends pg.QueryResultRow>(url: string, text: string, values: readonly unknown[] = []): Promise<Row[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Row>(text, [...values])).rows;
  } finally {
    await client.end();
  }
}

/** A replica is asked for this after each of its answers, and only then. */
export const AFTER_ANSWER = '%pg_last_wal_receive_lsn()%';

/** A base backup by hand: the binaries from npm have no pg_basebackup. */
async function copyPrimary(folder: string, url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query(`SELECT pg_backup_start('replica', true)`);
  await cp(join(folder, 'primary'), join(folder, 'replica'), { recursive: true, preserveTimestamps: true });
  const { rows } = await client.query<{ labelfile: string }>('SELECT labelfile FROM pg_backup_stop(false)');
  await client.end();
  const data = join(folder, 'replica', 'data');
  await rm(join(data, 'postmaster.pid'), { force: true });
  await writeFile(join(data, 'backup_label'), rows[0]?.labelfile ?? '');
  await writeFile(join(data, 'standby.signal'), '');
  // `cp` makes the copies root's own when root runs the tests.
  await promisify(execFile)('chown', ['-R', '--reference', join(folder, 'primary', 'data'), join(folder, 'replica')]);
}
