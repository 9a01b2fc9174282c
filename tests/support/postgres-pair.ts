/** A PostgreSQL primary, migrated, and a streaming replica of it. */
import { execFile } from 'node:child_process';
import { chmod, cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { type EmbeddedPostgres, startPostgres } from '../../src/embedded/postgres.ts';
import { createPostgresStore } from '../../src/store/postgres/postgres-store.ts';

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
