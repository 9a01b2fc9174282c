import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { testPostgres } from '../../../../tests/support/databases.ts';
import { create, createScene, found, replace, save } from '../../contract/scene.ts';
import { createPostgresStore, type PostgresStore } from '../postgres-store.ts';

const { databaseUrl } = await testPostgres();
const types = { a: 'Encounter', b: 'Claim' };
let store: PostgresStore;

beforeAll(async () => {
  store = createPostgresStore({ url: databaseUrl });
  await store.migrate();
});
afterAll(() => store.close());

const outcomes = async (commits: readonly Promise<void>[]) =>
  (await Promise.allSettled(commits)).map((result) =>
    result.status === 'fulfilled' ? 'ok' : (result.reason.reason ?? result.reason.status),
  );

describe('a batch of writes', () => {
  test('fails only the caller whose value PostgreSQL does not take', async () => {
    const scene = createScene(types);
    const drafts = Array.from({ length: 9 }, (_, i) =>
      scene.draft(i === 4 ? { s: ['code=a\0b'] } : i === 6 ? { o: { code: { min: '\0', max: '\0' } } } : {}),
    );
    const [good, bad] = ['ok', 400];
    expect(await outcomes(drafts.map((draft) => store.commit({ writes: [create(draft)] })))).toEqual([
      good,
      good,
      good,
      good,
      bad,
      good,
      bad,
      good,
      good,
    ]);
    expect(await found(store, scene.mine(), [types.a])).toHaveLength(7);
  });

  test('too much to index is 413, and the others are written', async () => {
    const scene = createScene(types);
    const heavy = scene.draft({ s: Array.from({ length: 30_000 }, (_, i) => `code=${String(i).padStart(60, 'x')}`) });
    const drafts = [scene.draft(), heavy, scene.draft()];
    expect(await outcomes(drafts.map((draft) => store.commit({ writes: [create(draft)] })))).toEqual(['ok', 413, 'ok']);
  });

  test('of 50 creates of one id at once, over two gateways, one wins', async () => {
    const scene = createScene(types);
    const other = createPostgresStore({ url: databaseUrl });
    const drafts = Array.from({ length: 50 }, (_, i) => scene.draft({ id: `same-${scene.tag}`, d: Date.UTC(2000 + (i % 5), 1) }));
    const results = await outcomes(drafts.map((draft, i) => (i % 2 ? store : other).commit({ writes: [create(draft)] })));
    expect(results.filter((result) => result === 'ok')).toHaveLength(1);
    expect(results.filter((result) => result === 'exists')).toHaveLength(49);
    expect(await found(store, scene.mine(), [types.a])).toHaveLength(1);
    await other.close();
  });

  test('a chain of replacements over two gateways loses no version', async () => {
    const scene = createScene(types);
    const other = createPostgresStore({ url: databaseUrl });
    const resources = Array.from({ length: 5 }, () => scene.draft({ d: Date.UTC(2010, 1) }));
    await save(store, ...resources);
    let won = 0;
    const writer = async (through: PostgresStore, n: number) => {
      for (let i = 0; i < 20; i++) {
        const resource = resources[(i + n) % 5];
        const current = resource && (await through.read(resource));
        if (!current || !resource) continue;
        const draft = { ...scene.next(resource, { d: Date.UTC(2010 + ((i + n) % 4), 1) }), version: current.version + 1 };
        const [outcome] = await outcomes([through.commit({ writes: [{ kind: 'replace', draft, previous: current }] })]);
        if (outcome === 'ok') won += 1;
      }
    };
    await Promise.all(Array.from({ length: 8 }, (_, n) => writer(n % 2 ? store : other, n)));
    const versions = await Promise.all(resources.map((resource) => store.history({ types: [types.a], id: resource.id, limit: 500 })));
    expect(versions.map((list) => list.map(({ version }) => version))).toEqual(
      versions.map((list) => Array.from({ length: list.length }, (_, i) => list.length - i)),
    );
    expect(versions.reduce((sum, list) => sum + list.length, 0)).toBe(won + 5);
    await other.close();
  });

  test('units that cross each other deadlock for nobody', async () => {
    const scene = createScene(types);
    const drafts = Array.from({ length: 6 }, () => scene.draft());
    await save(store, ...drafts);
    const rounds = Array.from({ length: 12 }, async (_, n) => {
      const chosen = [drafts[n % 6], drafts[(n + 3) % 6], drafts[(n + 1) % 6]].filter((draft) => draft !== undefined);
      const writes = await Promise.all(chosen.map(async (draft) => replace(store, scene.next(draft))));
      return store.commit({ writes: n % 2 ? writes : writes.toReversed() });
    });
    expect((await outcomes(rounds)).filter((result) => result !== 'ok' && result !== 'version')).toEqual([]);
  });
});

test('50 concurrent conditional creates make one resource', async () => {
  const scene = createScene(types);
  const guard = { key: scene.tag, type: types.a, where: scene.mine(), expected: [] };
  const results = await outcomes(Array.from({ length: 50 }, () => store.commit({ writes: [create(scene.draft())], guards: [guard] })));
  expect(results.filter((result) => result === 'ok')).toHaveLength(1);
  expect(results.filter((result) => result === 'guard')).toHaveLength(49);
});
