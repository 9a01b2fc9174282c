/** What every store must do with units of work: all or nothing, guards, idempotency. */
import { hash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { ResourceDraft } from '../../model/resource.ts';
import type { Guard, ResourceStore } from '../store.ts';
import type { ContractTypes, Scene } from './scene.ts';
import { create, createScene, found, replace, save } from './scene.ts';
import { refusals } from './write-contract.ts';

const key = (text: string) => hash('sha1', text, 'hex');

function guardOf(scene: Scene, expected: readonly string[]): Guard {
  return { key: key(scene.tag), type: scene.types.a, where: scene.mine(), expected };
}

/** `count` drafts of both types in turn, each in another patient's record. */
function spread(scene: Scene, count: number): ResourceDraft[] {
  return Array.from({ length: count }, (_, i) =>
    scene.draft({ type: i % 2 ? scene.types.b : scene.types.a, patients: [`p${i}${scene.tag}`], d: Date.UTC(2000 + (i % 25), 3) }),
  );
}

/** Units of several writes, guards and idempotency records. */
export function describeUnits(storeOf: () => ResourceStore, types: ContractTypes): void {
  const none = async (drafts: readonly ResourceDraft[]) => {
    for (const draft of drafts) expect(await storeOf().read(draft)).toBeUndefined();
  };

  describe('a unit of work', () => {
    test('of 60 writes over 60 records becomes visible whole', async () => {
      const scene = createScene(types);
      const drafts = spread(scene, 60);
      await storeOf().commit({ writes: drafts.map(create) });
      for (const draft of drafts) expect((await storeOf().read(draft))?.raw).toBe(draft.raw);
    });

    test('creates, replaces and deletes together', async () => {
      const scene = createScene(types);
      const [kept, old, extra] = [scene.draft(), scene.draft({ type: types.b }), scene.draft({ patients: [`p${scene.tag}`] })];
      await save(storeOf(), kept, old);
      const writes = [create(extra), await replace(storeOf(), scene.next(kept)), await replace(storeOf(), scene.deletion(old))];
      await storeOf().commit({ writes });
      expect((await storeOf().read(kept))?.version).toBe(2);
      expect((await storeOf().read(old))?.deleted).toBe(true);
      expect((await storeOf().read(extra))?.version).toBe(1);
    });

    test('leaves nothing behind when one write is refused, whichever it is', async () => {
      const scene = createScene(types);
      const taken = scene.draft({ id: `taken-${scene.tag}`, type: types.b });
      await save(storeOf(), taken);
      const drafts = spread(scene, 6);
      const idempotency = { key: key(`i${scene.tag}`), bodyHash: key('body'), answer: '{}' };
      for (const at of [0, 3, 6]) {
        const writes = drafts.map(create);
        writes.splice(at, 0, create(taken));
        expect(await refusals([storeOf().commit({ writes, idempotency })])).toEqual(['exists']);
      }
      await none(drafts);
      expect(await storeOf().findIdempotency(idempotency.key)).toBeUndefined();
      expect(await storeOf().history({ since: scene.at(1), until: scene.at(90_000_000), limit: 10 })).toHaveLength(1);
    });

    test('leaves nothing behind when a replaced version is stale', async () => {
      const scene = createScene(types);
      const first = scene.draft();
      await save(storeOf(), first);
      const stale = await replace(storeOf(), scene.next(first));
      await save(storeOf(), scene.next(first));
      const drafts = spread(scene, 4);
      expect(await refusals([storeOf().commit({ writes: [...drafts.map(create), stale] })])).toEqual(['version']);
      await none(drafts);
    });
  });

  describe('a guard', () => {
    test('lets one of 20 concurrent conditional creates through', async () => {
      const scene = createScene(types);
      const drafts = Array.from({ length: 20 }, (_, i) => scene.draft({ patients: [`p${i}${scene.tag}`] }));
      const commits = drafts.map((draft) => storeOf().commit({ writes: [create(draft)], guards: [guardOf(scene, [])] }));
      expect(await refusals(commits)).toEqual(Array.from({ length: 19 }, () => 'guard'));
      expect(await found(storeOf(), scene.mine(), [types.a])).toHaveLength(1);
    });

    test('holds what the condition matched, and lets through again after a delete', async () => {
      const scene = createScene(types);
      const first = scene.draft();
      await storeOf().commit({ writes: [create(first)], guards: [guardOf(scene, [])] });
      await storeOf().commit({ writes: [await replace(storeOf(), scene.next(first))], guards: [guardOf(scene, [first.id])] });
      const late = { writes: [create(scene.draft())], guards: [guardOf(scene, [])] };
      expect(await refusals([storeOf().commit(late)])).toEqual(['guard']);
      const last = await storeOf().read(first);
      await save(storeOf(), { ...scene.deletion(first), version: (last?.version ?? 0) + 1 });
      await storeOf().commit(late);
      expect(await found(storeOf(), scene.mine(), [types.a])).toHaveLength(1);
    });

    test('refuses the whole unit', async () => {
      const scene = createScene(types);
      await save(storeOf(), scene.draft());
      const drafts = spread(scene, 4);
      expect(await refusals([storeOf().commit({ writes: drafts.map(create), guards: [guardOf(scene, [])] })])).toEqual(['guard']);
      await none(drafts);
    });

    test('without writes still checks', async () => {
      const scene = createScene(types);
      await storeOf().commit({ writes: [], guards: [guardOf(scene, [])] });
      await save(storeOf(), scene.draft());
      expect(await refusals([storeOf().commit({ writes: [], guards: [guardOf(scene, [])] })])).toEqual(['guard']);
    });
  });

  describe('an idempotency record', () => {
    test('is kept with the writes and refuses a second commit', async () => {
      const scene = createScene(types);
      const idempotency = { key: key(`i${scene.tag}`), bodyHash: key('body'), answer: '{"status":"201"}' };
      const twin = scene.draft();
      await storeOf().commit({ writes: [create(scene.draft())], idempotency });
      expect(await storeOf().findIdempotency(idempotency.key)).toEqual(idempotency);
      expect(await refusals([storeOf().commit({ writes: [create(twin)], idempotency })])).toEqual(['idempotency']);
      await none([twin]);
    });

    test('of 10 commits at once with one key, one wins', async () => {
      const scene = createScene(types);
      const commits = Array.from({ length: 10 }, (_, i) => {
        const idempotency = { key: key(`i${scene.tag}`), bodyHash: key('body'), answer: `{"n":${i}}` };
        return storeOf().commit({ writes: [create(scene.draft({ patients: [`p${i}${scene.tag}`] }))], idempotency });
      });
      expect(await refusals(commits)).toEqual(Array.from({ length: 9 }, () => 'idempotency'));
      expect(await storeOf().count({ types: [types.a], where: scene.mine() })).toBe(1);
    });

    test('that was never kept is undefined', async () => {
      expect(await storeOf().findIdempotency(key(createScene(types).tag))).toBeUndefined();
    });
  });
}
