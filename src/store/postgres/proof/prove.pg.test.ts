/** A primary and its streaming replica, compared at one place in the log. */
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type PostgresPair, startPostgresPair } from '../../../../tests/support/postgres-pair.ts';
import { createScene, replace, save } from '../../contract/scene.ts';
import { createPostgresStore, type PostgresStore } from '../postgres-store.ts';

const scene = createScene({ a: 'Encounter', b: 'Claim' });
let pair: PostgresPair;
let store: PostgresStore;
let alone: PostgresStore;

beforeAll(async () => {
  pair = await startPostgresPair();
  store = createPostgresStore({ url: pair.primary.url, replicaUrls: [pair.replica.url] });
  alone = createPostgresStore({ url: pair.primary.url });
}, 60_000);

afterAll(async () => {
  await Promise.all([store.close(), alone.close()]);
  await pair.stop();
}, 30_000);

describe('the proof that replicas agree', () => {
  test('says so where there is no replica', async () => {
    expect((await alone.administration.proveReplicas()).verdict).toBe('not configured');
  });

  test('finds them equal while somebody writes', async () => {
    let isOver = false;
    let refused = 0;
    const writing = (async () => {
      while (!isOver) await save(store, scene.draft({ d: Date.UTC(2021, 3) })).catch(() => refused++);
    })();
    const proof = await store.administration.proveReplicas();
    isOver = true;
    await writing;
    expect(proof.members.flatMap(({ problem }) => problem ?? [])).toEqual([]);
    expect(proof).toMatchObject({ verdict: 'equal', at: expect.stringMatching(/^[0-9A-F]+\/[0-9A-F]+$/), divergences: [], isCut: false });
    expect(proof.members.map(({ digest }) => digest)).toEqual([proof.members[0]?.digest, proof.members[0]?.digest]);
    expect(new Set(proof.ranges.map(({ collection }) => collection))).toContain('encounter');
    expect(refused).toBe(0);
  });

  test('names what differs on one that was promoted by mistake and written to', async () => {
    const draft = scene.draft({ d: Date.UTC(2022, 3) });
    await save(store, draft);
    await store.commit({ writes: [await replace(store, { ...draft, version: 2 })] });
    expect((await store.administration.proveReplicas()).verdict).toBe('equal');
    const client = new pg.Client({ connectionString: pair.replica.url });
    await client.connect();
    await client.query('SELECT pg_promote()');
    await client.query(`UPDATE encounter SET raw = raw || ' ' WHERE id = $1`, [draft.id]);
    await client.query(`DELETE FROM resource_history WHERE id = $1`, [draft.id]);
    await client.end();
    const { verdict, members, divergences } = await store.administration.proveReplicas();
    expect([verdict, members.length]).toEqual(['diverging', 2]);
    expect(
      divergences.map(({ collection, id, members: those }) => [collection, id, those.map(({ digest }) => digest !== undefined)]),
    ).toEqual([
      ['encounter', `Encounter/${draft.id}`, [true, true]],
      ['resource_history', `Encounter/${draft.id}/_history/1`, [true, false]],
    ]);
  });
});
