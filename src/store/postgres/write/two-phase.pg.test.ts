import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type EmbeddedPostgres, startPostgres } from '../../../embedded/postgres.ts';
import { create, createScene, replace, save } from '../../contract/scene.ts';
import { CommitRefused } from '../../store.ts';
import { createPostgresStore, type PostgresStore } from '../postgres-store.ts';

/** A server of its own: these tests kill it. */
const types = { a: 'Encounter', b: 'Claim' };
let folder: string;
let server: EmbeddedPostgres;
let store: PostgresStore;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'meridian-two-phase-'));
  await chmod(folder, 0o755);
  server = await startPostgres({ dataDir: join(folder, 'postgres') });
  store = createPostgresStore({ url: server.url });
  await store.migrate();
}, 60_000);
afterAll(async () => {
  await store.close();
  await server.stop();
  await rm(folder, { recursive: true, force: true });
}, 30_000);

const gidOf = (tag: string) => `meridian:test:${tag}:0000000000:it's`;

/** A unit with a create of each type and a replacement. */
async function unitOf(scene: ReturnType<typeof createScene>) {
  const old = scene.draft({ d: Date.UTC(2020, 1) });
  await save(store, old);
  const [a, b, next] = [scene.draft({ d: Date.UTC(2021, 1) }), scene.draft({ type: types.b }), scene.next(old, { d: Date.UTC(2022, 1) })];
  return { a, b, next, unit: { writes: [create(a), create(b), await replace(store, next)] } };
}

const postmaster = () => server.processes().find(({ role }) => role === 'postgres')?.pid ?? 0;

/** Kills the server, which starts again by itself. */
async function crash(): Promise<void> {
  const killed = postmaster();
  process.kill(killed, 'SIGKILL');
  while (postmaster() === killed) await sleep(20);
}

describe('a prepared unit', () => {
  test('is unseen until it is committed, then whole', async () => {
    const scene = createScene(types);
    const { a, b, next, unit } = await unitOf(scene);
    await store.prepare(gidOf(scene.tag), unit);
    expect(await store.listPrepared('meridian:test:')).toEqual([gidOf(scene.tag)]);
    expect([await store.read(a), await store.read(b), (await store.read(next))?.version]).toEqual([undefined, undefined, 1]);
    await store.commitPrepared(gidOf(scene.tag));
    expect([(await store.read(a))?.raw, (await store.read(b))?.raw, (await store.read(next))?.raw]).toEqual([a.raw, b.raw, next.raw]);
    await store.commitPrepared(gidOf(scene.tag));
    await store.rollbackPrepared(gidOf(scene.tag));
    expect(await store.listPrepared('meridian:')).toEqual([]);
  });

  test('leaves nothing when it is rolled back', async () => {
    const scene = createScene(types);
    const { a, next, unit } = await unitOf(scene);
    await store.prepare(gidOf(scene.tag), unit);
    await store.rollbackPrepared(gidOf(scene.tag));
    expect([await store.read(a), (await store.read(next))?.version]).toEqual([undefined, 1]);
    expect(await store.history({ types: [types.a], id: next.id, limit: 9 })).toHaveLength(1);
    await store.commit(unit);
    expect((await store.read(next))?.version).toBe(2);
  });

  test('is refused like any other, and nothing stays prepared', async () => {
    const scene = createScene(types);
    const { a, unit } = await unitOf(scene);
    await save(store, a);
    await expect(store.prepare(gidOf(scene.tag), unit)).rejects.toThrow(CommitRefused);
    expect(await store.listPrepared('meridian:')).toEqual([]);
  });

  test('is finished by two at once without error', async () => {
    const scene = createScene(types);
    const { a, unit } = await unitOf(scene);
    await store.prepare(gidOf(scene.tag), unit);
    await Promise.all([1, 2, 3, 4].map(() => store.commitPrepared(gidOf(scene.tag))));
    expect((await store.read(a))?.version).toBe(1);
  });

  test('holds the lock of its guard until it is finished', async () => {
    const scene = createScene(types);
    const where = scene.mine();
    const guard = { key: scene.tag, type: types.a, where, expected: [] };
    const [first, second] = [scene.draft(), scene.draft()];
    await store.prepare(gidOf(scene.tag), { writes: [create(first)], guards: [guard] });
    const late = store.commit({ writes: [create(second)], guards: [guard] }).then(
      () => 'written',
      (error: CommitRefused) => error.reason,
    );
    expect(await Promise.race([late, new Promise((resolve) => setTimeout(resolve, 200, 'waiting'))])).toBe('waiting');
    await store.commitPrepared(gidOf(scene.tag));
    expect(await late).toBe('guard');
  });

  test('is finished though every connection for writes waits for its lock', async () => {
    const scene = createScene(types);
    const guard = { key: scene.tag, type: types.a, where: scene.mine(), expected: [] };
    await store.prepare(gidOf(scene.tag), { writes: [create(scene.draft())], guards: [guard] });
    const waiting = Array.from({ length: 30 }, () => store.commit({ writes: [create(scene.draft())], guards: [guard] }));
    const settled = Promise.allSettled(waiting);
    await new Promise((resolve) => setTimeout(resolve, 300));
    const began = Date.now();
    await store.commitPrepared(gidOf(scene.tag));
    expect(Date.now() - began).toBeLessThan(1000);
    expect(new Set((await settled).map((result) => (result.status === 'rejected' ? result.reason.reason : 'written')))).toEqual(
      new Set(['guard']),
    );
  });

  test('survives kill -9 of the server, committed or rolled back afterwards; what was not prepared is gone', async () => {
    const [kept, dropped] = [createScene(types), createScene(types)];
    const [one, two] = [await unitOf(kept), await unitOf(dropped)];
    await store.prepare(gidOf(kept.tag), one.unit);
    await store.prepare(gidOf(dropped.tag), two.unit);
    await crash();
    expect([...(await store.listPrepared('meridian:test:'))].sort()).toEqual([gidOf(kept.tag), gidOf(dropped.tag)].sort());
    expect(await store.read(one.a)).toBeUndefined();
    await store.commitPrepared(gidOf(kept.tag));
    await store.rollbackPrepared(gidOf(dropped.tag));
    expect([(await store.read(one.a))?.raw, (await store.read(one.next))?.version]).toEqual([one.a.raw, 2]);
    expect([await store.read(two.a), (await store.read(two.next))?.version]).toEqual([undefined, 1]);
  }, 60_000);

  test('is 503, not 500, when there is no room for one more', async () => {
    const scenes = Array.from({ length: 65 }, () => createScene(types));
    const results = await Promise.allSettled(scenes.map((scene) => store.prepare(gidOf(scene.tag), { writes: [create(scene.draft())] })));
    const failed = results.flatMap((result) => (result.status === 'rejected' ? [result.reason] : []));
    expect(failed).toEqual([expect.objectContaining({ name: 'FhirError', status: 503 })]);
    await Promise.all((await store.listPrepared('meridian:test:')).map((gid) => store.rollbackPrepared(gid)));
  }, 30_000);
});

describe('kill -9 of the server under writes', () => {
  test('loses nothing that was acknowledged and writes nothing twice', async () => {
    const scene = createScene(types);
    const acknowledged: string[] = [];
    const refused: unknown[] = [];
    let isDone = false;
    const writers = Array.from({ length: 8 }, async () => {
      while (!isDone) {
        const draft = scene.draft({ d: Date.UTC(2020, 1) });
        await store.commit({ writes: [create(draft)] }).then(
          () => acknowledged.push(draft.id),
          (error) => refused.push(error),
        );
      }
    });
    await new Promise((resolve) => setTimeout(resolve, 300));
    await crash();
    await new Promise((resolve) => setTimeout(resolve, 500));
    isDone = true;
    await Promise.all(writers);
    for (const error of refused) expect(error).toMatchObject({ status: 503 });
    const found = await Promise.all(acknowledged.map((id) => store.read({ type: types.a, id })));
    expect(found.filter((version) => version?.version !== 1)).toEqual([]);
    expect(acknowledged.length).toBeGreaterThan(50);
  }, 60_000);
});
