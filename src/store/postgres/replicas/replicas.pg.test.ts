import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { AFTER_ANSWER, lastStatementsLike, type PostgresPair, startPostgresPair } from '../../../../tests/support/postgres-pair.ts';
import type { EmbeddedPostgres } from '../../../embedded/postgres.ts';
import { createScene, found, save } from '../../contract/scene.ts';
import { createPostgresStore, type PostgresStore } from '../postgres-store.ts';

/** A primary and a streaming replica of their own. */
const types = { a: 'Encounter', b: 'Claim' };
let pair: PostgresPair;
let replica: EmbeddedPostgres;
let store: PostgresStore;

beforeAll(async () => {
  pair = await startPostgresPair();
  replica = pair.replica;
  store = createPostgresStore({ url: pair.primary.url, replicaUrls: [replica.url] });
}, 60_000);

afterAll(async () => {
  await store.close();
  await pair.stop();
}, 30_000);

describe('searches on a replica', () => {
  test('see what was written before them, every time', async () => {
    const scene = createScene(types);
    for (let n = 1; n <= 40; n++) {
      await save(store, scene.draft({ d: Date.UTC(2020, 1) }));
      expect(await found(store, scene.mine(), [types.a])).toHaveLength(n);
      expect(await store.count({ types: [types.a], where: scene.mine() })).toBe(n);
    }
    expect(await lastStatementsLike(replica.url, AFTER_ANSWER)).toBeGreaterThan(0);
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
