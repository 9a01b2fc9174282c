import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { testPostgres } from '../../../../tests/support/databases.ts';
import { until } from '../../../../tests/support/until.ts';
import { create, createScene } from '../../contract/scene.ts';
import { createPostgresStore, type PostgresStore } from '../postgres-store.ts';
import { keepPendingListsShort, type PendingLists } from './pending-lists.ts';

const { databaseUrl } = await testPostgres();
const scene = createScene({ a: 'Invoice', b: 'Claim' });
let store: PostgresStore;
let pool: pg.Pool;
let lists: PendingLists;
const told: string[] = [];

beforeAll(async () => {
  store = createPostgresStore({ url: databaseUrl });
  await store.migrate();
  pool = new pg.Pool({ connectionString: databaseUrl, max: 2 });
  lists = keepPendingListsShort(pool, (message) => told.push(message));
});
afterAll(async () => {
  await lists.stop();
  await pool.end();
  await store.close();
});

const writesOf = (years: readonly number[]) =>
  years.map((year) => create(scene.draft({ d: Date.UTC(year, 5), r: [{ k: 'date', lo: Date.UTC(year, 5), hi: Date.UTC(year, 6) }] })));

test('what was written is merged into the index of each partition, once', async () => {
  await store.commit({ writes: writesOf([2019, 2020, 2021]) });
  lists.note(['Invoice']);
  expect(await lists.merge()).toBeGreaterThan(0);
  lists.note(['Invoice']);
  expect(await lists.merge()).toBe(0);
});

/** Pages that a search of the partition's index reads. */
async function pagesOfSearch(): Promise<number> {
  const client = await pool.connect();
  try {
    await client.query('SET enable_seqscan = off');
    const { rows } = await client.query("EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) SELECT id FROM invoice_y2019 WHERE s @@ 'nothing'");
    return rows[0]['QUERY PLAN'][0].Plan['Shared Hit Blocks'] + rows[0]['QUERY PLAN'][0].Plan['Shared Read Blocks'];
  } finally {
    client.release();
  }
}

test('a store merges what it wrote by itself, also what it prepared', async () => {
  await store.commit({ writes: writesOf([2019]) });
  lists.note(['Invoice']);
  await lists.merge();
  const pages = await pagesOfSearch();
  await store.commit({ writes: writesOf([2019]) });
  expect(await until(async () => (await pagesOfSearch()) <= pages)).toBe(true);
  await store.prepare(`meridian:test:${scene.tag}`, { writes: writesOf([2019]) });
  await store.commitPrepared(`meridian:test:${scene.tag}`);
  expect(await until(async () => (await pagesOfSearch()) <= pages)).toBe(true);
});

test('failures are told once, and what was noted is merged when the database lets us', async () => {
  const asked: unknown[] = [];
  let failures = 0;
  let isBroken = true;
  const query = async (_: string, [indexes]: readonly unknown[]) => {
    if (isBroken) throw new Error(`must be owner of index, ${++failures}`);
    asked.push(indexes);
    return { rows: [{ pages: 1 }] };
  };
  const broken = keepPendingListsShort({ query } as never, (message) => told.push(message));
  broken.note(['Invoice']);
  await expect(broken.merge()).rejects.toThrow('must be owner');
  expect(await until(() => failures >= 3)).toBe(true);
  isBroken = false;
  expect(await until(() => asked.length > 0)).toBe(true);
  await broken.stop();
  expect(asked).toEqual([['invoice_s']]);
  expect(told).toEqual(['new search entries could not be merged into their indexes: must be owner of index, 2']);
});
