import { chmod, cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type EmbeddedPostgres, startPostgres } from '../../embedded/postgres.ts';
import { createScene, found, save } from '../contract/scene.ts';
import { createPostgresStore, type PostgresStore } from './postgres-store.ts';

/** A primary and a streaming replica of their own. */
const types = { a: 'Encounter', b: 'Claim' };
let folder: string;
let primary: EmbeddedPostgres;
let replica: EmbeddedPostgres;
let store: PostgresStore;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'meridian-replica-'));
  await chmod(folder, 0o755);
  primary = await startPostgres({ dataDir: join(folder, 'primary') });
  store = createPostgresStore({ url: primary.url });
  await store.migrate();
  await store.close();
  await copyPrimary();
  const { password } = new URL(primary.url);
  replica = await startPostgres({
    dataDir: join(folder, 'replica'),
    settings: { primary_conninfo: `host=127.0.0.1 port=${primary.port} user=meridian password=${password}` },
  });
  store = createPostgresStore({ url: primary.url, replicaUrls: [replica.url] });
}, 60_000);

afterAll(async () => {
  await store.close();
  await Promise.all([primary.stop(), replica.stop()]);
  await rm(folder, { recursive: true, force: true });
}, 30_000);

/** A base backup by hand: the binaries from npm have no pg_basebackup. */
async function copyPrimary(): Promise<void> {
  const client = new pg.Client({ connectionString: primary.url });
  await client.connect();
  await client.query(`SELECT pg_backup_start('replica', true)`);
  await cp(join(folder, 'primary'), join(folder, 'replica'), { recursive: true, preserveTimestamps: true });
  const { rows } = await client.query<{ labelfile: string }>('SELECT labelfile FROM pg_backup_stop(false)');
  await client.end();
  const data = join(folder, 'replica', 'data');
  await rm(join(data, 'postmaster.pid'), { force: true });
  await writeFile(join(data, 'backup_label'), rows[0]?.labelfile ?? '');
  await writeFile(join(data, 'standby.signal'), '');
  await givePermissions();
}

/** `cp` makes the copies root's own when root runs the tests. */
async function givePermissions(): Promise<void> {
  const { execFile } = await import('node:child_process');
  const { promisify } = await import('node:util');
  await promisify(execFile)('chown', ['-R', '--reference', join(folder, 'primary', 'data'), join(folder, 'replica')]);
}

const searchesOf = async (server: EmbeddedPostgres) => {
  const client = new pg.Client({ connectionString: server.url });
  await client.connect();
  const { rows } = await client.query<{ n: number }>(
    `SELECT count(*)::int AS n FROM pg_stat_activity WHERE query LIKE '%FROM encounter e%' AND application_name = 'meridian-search'`,
  );
  await client.end();
  return rows[0]?.n ?? 0;
};

describe('searches on a replica', () => {
  test('see what was written before them, every time', async () => {
    const scene = createScene(types);
    for (let n = 1; n <= 40; n++) {
      await save(store, scene.draft({ d: Date.UTC(2020, 1) }));
      expect(await found(store, scene.mine(), [types.a])).toHaveLength(n);
      expect(await store.count({ types: [types.a], where: scene.mine() })).toBe(n);
    }
    expect(await searchesOf(replica)).toBeGreaterThan(0);
    expect(await store.history({ types: [types.a], since: scene.at(0), until: scene.at(90_000_000), limit: 100 })).toHaveLength(40);
  });

  test('are told of as a standby', async () => {
    const [set] = await store.administration.describeReplicas();
    expect(set?.members.map(({ state, isHealthy }) => [state, isHealthy])).toEqual([
      ['PRIMARY', true],
      ['SECONDARY', true],
    ]);
  });

  test('go to the primary when the replica is behind, and when it is away', async () => {
    const scene = createScene(types);
    const client = new pg.Client({ connectionString: replica.url });
    await client.connect();
    await client.query('SELECT pg_wal_replay_pause()');
    await save(store, scene.draft());
    expect(await found(store, scene.mine(), [types.a])).toHaveLength(1);
    await client.query('SELECT pg_wal_replay_resume()');
    await client.end();
    await replica.stop();
    await save(store, scene.draft());
    expect(await found(store, scene.mine(), [types.a])).toHaveLength(2);
    expect(await found(store, scene.mine(), [types.a])).toHaveLength(2);
  });
});
