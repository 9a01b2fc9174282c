import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  AFTER_ANSWER,
  lastStatementsLike,
  type PostgresPair,
  startPostgresPair,
  untilCaughtUp,
} from '../../../../tests/support/postgres-pair.ts';
import { createScene, found, save } from '../../contract/scene.ts';
import { createReadTerms, type ReadPreference } from '../../read-terms.ts';
import { createPostgresStore, type PostgresStore } from '../postgres-store.ts';
import { createLogPlaces, placeIn } from './log-places.ts';

/** Two gateways' stores before a primary and a streaming replica of their own; the last test stops the primary. */
const types = { a: 'Encounter', b: 'Claim' };
const terms = createReadTerms();
let pair: PostgresPair;
let stores: PostgresStore[];
let client: pg.Client;

beforeAll(async () => {
  pair = await startPostgresPair();
  stores = [1, 2].map(() => createPostgresStore({ url: pair.primary.url, replicaUrls: [pair.replica.url], readTerms: terms.current }));
  client = new pg.Client({ connectionString: pair.replica.url });
  await client.connect();
}, 60_000);

afterAll(async () => {
  await client.end();
  await Promise.all(stores.map((store) => store.close()));
  await pair.stop();
}, 30_000);

const [here, there] = [() => stores[0] as PostgresStore, () => stores[1] as PostgresStore];

/** As a request with the token of that state reads. */
const since = <T>(state: Uint8Array | undefined, work: () => Promise<T>, preference: ReadPreference = 'primaryPreferred') =>
  terms.run({ preference, after: { administrative: state } }, work);

describe('a read with the token of another gateway', () => {
  test('sees that state each time, though the replica lags now and then', async () => {
    const scene = createScene(types);
    for (let n = 1; n <= 30; n++) {
      const draft = scene.draft();
      await save(here(), draft);
      const state = here().latestState();
      expect(await since(state, () => found(there(), scene.mine(), [types.a]))).toHaveLength(n);
      expect((await since(state, () => there().read(draft)))?.raw).toBe(draft.raw);
    }
    expect(await lastStatementsLike(pair.replica.url, AFTER_ANSWER)).toBeGreaterThan(0);
  });

  test('is never answered by a replica that is not there yet: after 200 ms the primary does', async () => {
    const scene = createScene(types);
    const old = scene.draft();
    await save(here(), old);
    const before = here().latestState();
    await since(before, () => found(there(), scene.mine(), [types.a]));
    await untilCaughtUp(pair);
    await client.query('SELECT pg_wal_replay_pause()');
    try {
      const draft = scene.draft();
      await save(here(), draft);
      const state = here().latestState();
      for (const store of [here(), there()]) {
        const startedAt = performance.now();
        const seen = await since(state, async () => [
          (await found(store, scene.mine(), [types.a])).length,
          (await store.read(draft))?.raw,
          (await store.history({ types: [types.a], id: draft.id, limit: 9 })).length,
          await store.count({ types: [types.a], where: scene.mine() }),
        ]);
        expect(seen).toEqual([2, draft.raw, 1, 2]);
        // One wait for the whole request.
        expect(performance.now() - startedAt).toBeGreaterThan(190);
      }
      // The replica is asked: whoever says that the older state will do gets that.
      expect(await since(before, () => found(there(), scene.mine(), [types.a]))).toHaveLength(1);
      expect(await found(there(), scene.mine(), [types.a])).toHaveLength(2);
    } finally {
      await client.query('SELECT pg_wal_replay_resume()');
    }
  });

  test('what a gateway only read is in its token too', async () => {
    const scene = createScene(types);
    const draft = scene.draft();
    await save(here(), draft);
    for (const read of [() => there().read(draft), () => found(there(), scene.mine(), [types.a])]) {
      await save(here(), scene.draft());
      await read();
      expect(there().laterState(there().latestState() as Uint8Array, here().latestState() as Uint8Array)).toBe(there().latestState());
    }
  });

  test('is answered by the replica while the primary is stopped', async () => {
    const scene = createScene(types);
    const draft = scene.draft();
    await save(here(), draft);
    const state = here().latestState();
    await untilCaughtUp(pair);
    await pair.primary.stop();
    const seen = await since(state, async () => [
      (await found(there(), scene.mine(), [types.a])).length,
      (await there().read(draft))?.raw,
      (await there().history({ types: [types.a], id: draft.id, limit: 9 })).length,
    ]);
    expect(seen).toEqual([1, draft.raw, 1]);
    await expect(found(there(), scene.mine(), [types.a])).rejects.toMatchObject({ status: 503 });
    await expect(since(state, () => there().read(draft), 'primary')).rejects.toMatchObject({ status: 503 });
    const pool = new pg.Pool({ connectionString: pair.primary.url });
    const places = createLogPlaces(pool);
    expect(placeIn(places.latestState() as Uint8Array)).toBe(0n);
    // Something was answered, and its place can't be learnt any more: no state is told rather than one that is too early.
    await places.notePrimary();
    expect(places.latestState()).toBeUndefined();
    await pool.end();
  });
});

test('a store without replicas asks for no place and tells none', async () => {
  const store = createPostgresStore({ url: 'postgres://127.0.0.1:1/none' });
  expect(store.latestState()).toBeUndefined();
  await store.close();
});
