/** What every store must do with writes. */
import { describe, expect, test } from 'vitest';
import type { CommitRefused, ResourceStore } from '../store.ts';
import type { ContractTypes } from './scene.ts';
import { create, createScene, found, published, replace, save, withoutTrail } from './scene.ts';

/** Reasons of the refused commits; fails the test on any other error. */
export async function refusals(commits: readonly Promise<void>[]): Promise<string[]> {
  const results = await Promise.allSettled(commits);
  return results.flatMap((result) => {
    if (result.status === 'fulfilled') return [];
    const { name, reason } = result.reason as CommitRefused;
    if (name !== 'CommitRefused') throw result.reason;
    return [reason];
  });
}

/** create, replace, delete, units: one resource or several, alone or at once. */
export function describeWrites(storeOf: () => ResourceStore, types: ContractTypes, largeRawBytes: number): void {
  describe('create', () => {
    test('a resource with an id from the server is read back to the last byte', async () => {
      const scene = createScene(types);
      const raw = `{"resourceType":"${types.a}","text":"Zoë \u{1F600} \\u0000 1.00","n":1e3,"big":123456789012345678}`;
      const draft = scene.draft({ raw, patients: [`p${scene.tag}`], d: scene.at(0) });
      await save(storeOf(), draft);
      expect(withoutTrail(await storeOf().read(draft))).toEqual(published(draft));
      expect(withoutTrail(await storeOf().readVersion(draft, 1))).toEqual(published(draft));
    });

    test("an id that the client chose is found, in a patient's record and outside", async () => {
      const scene = createScene(types);
      const outside = scene.draft({ id: `out-${scene.tag}` });
      const inside = scene.draft({ id: `in-${scene.tag}`, patients: [`p${scene.tag}`] });
      const lookalike = scene.draft({ id: `${scene.tag}-00a1b2c3d4`, patients: [`p${scene.tag}`] });
      await save(storeOf(), outside, inside, lookalike);
      for (const draft of [outside, inside, lookalike]) expect((await storeOf().read(draft))?.raw).toBe(draft.raw);
    });

    test('is refused when the resource is there, under another record key too', async () => {
      const scene = createScene(types);
      const id = `taken-${scene.tag}`;
      await save(storeOf(), scene.draft({ id, patients: [`p${scene.tag}`] }));
      const twins = [
        scene.draft({ id, patients: [`p${scene.tag}`] }),
        scene.draft({ id, patients: [`q${scene.tag}`] }),
        scene.draft({ id }),
      ];
      for (const twin of twins) expect(await refusals([storeOf().commit({ writes: [create(twin)] })])).toEqual(['exists']);
      expect((await storeOf().history({ types: [types.a], id, limit: 10 })).length).toBe(1);
    });

    test('is refused after a deletion', async () => {
      const scene = createScene(types);
      const draft = scene.draft({ id: `gone-${scene.tag}` });
      await save(storeOf(), draft, scene.deletion(draft));
      expect(await refusals([storeOf().commit({ writes: [create(scene.draft({ id: draft.id }))] })])).toEqual(['exists']);
    });

    test('the same id may be used by two types', async () => {
      const scene = createScene(types);
      const [a, b] = [scene.draft({ id: `both-${scene.tag}` }), scene.draft({ type: types.b, id: `both-${scene.tag}` })];
      await save(storeOf(), a, b);
      expect((await storeOf().read(a))?.type).toBe(types.a);
      expect((await storeOf().read(b))?.type).toBe(types.b);
    });

    test('of 10 at once with one id, one wins', async () => {
      const scene = createScene(types);
      const drafts = Array.from({ length: 10 }, (_, i) => scene.draft({ id: `race-${scene.tag}`, patients: [`p${i % 3}${scene.tag}`] }));
      const refused = await refusals(drafts.map((draft) => storeOf().commit({ writes: [create(draft)] })));
      expect(refused).toEqual(Array.from({ length: 9 }, () => 'exists'));
      expect(await storeOf().count({ types: [types.a], where: scene.mine() })).toBe(1);
    });

    test('100 at once, of which two are refused: each caller has its own answer', async () => {
      const scene = createScene(types);
      const taken = scene.draft({ id: `t-${scene.tag}` });
      await save(storeOf(), taken);
      const drafts = Array.from({ length: 98 }, (_, i) => scene.draft(i % 2 ? {} : { id: `n${i}-${scene.tag}` }));
      const all = [...drafts.slice(0, 40), taken, ...drafts.slice(40), taken];
      const results = await Promise.allSettled(all.map((draft) => storeOf().commit({ writes: [create(draft)] })));
      expect(results.flatMap((result, i) => (result.status === 'rejected' ? [i] : []))).toEqual([40, 99]);
      expect(await storeOf().count({ types: [types.a], where: scene.mine() })).toBe(99);
    });

    test(`content of ${largeRawBytes} bytes comes back whole, also from history`, async () => {
      const scene = createScene(types);
      const raw = JSON.stringify({ resourceType: types.a, filler: 'é'.repeat(largeRawBytes / 2) });
      const draft = scene.draft({ raw });
      await save(storeOf(), draft, scene.next(draft));
      expect((await storeOf().readVersion(draft, 1))?.raw === raw).toBe(true);
    });
  });

  describe('replace and delete', () => {
    test('the new version is current, the old one readable', async () => {
      const scene = createScene(types);
      const first = scene.draft({ patients: [`p${scene.tag}`] });
      const second = scene.next(first, { patients: [`p${scene.tag}`] });
      await save(storeOf(), first, second);
      expect(withoutTrail(await storeOf().read(first))).toEqual(published(second));
      expect(withoutTrail(await storeOf().readVersion(first, 1))).toEqual(published(first));
      expect(withoutTrail(await storeOf().readVersion(first, 2))).toEqual(published(second));
      expect(await storeOf().readVersion(first, 3)).toBeUndefined();
    });

    test('is refused unless `previous` is current', async () => {
      const scene = createScene(types);
      const first = scene.draft();
      const second = scene.next(first);
      await save(storeOf(), first);
      const stale = await storeOf().read(first);
      await save(storeOf(), second);
      const late = { kind: 'replace', draft: scene.next(first), previous: stale ?? published(first) } as const;
      expect(await refusals([storeOf().commit({ writes: [late] })])).toEqual(['version']);
      expect(withoutTrail(await storeOf().read(first))).toEqual(published(second));
    });

    test('of 10 at once, one wins and the history has two versions', async () => {
      const scene = createScene(types);
      const first = scene.draft({ patients: [`p${scene.tag}`] });
      await save(storeOf(), first);
      const writes = await Promise.all(
        Array.from({ length: 10 }, () => replace(storeOf(), scene.next(first, { patients: [`p${scene.tag}`] }))),
      );
      const refused = await refusals(writes.map((write) => storeOf().commit({ writes: [write] })));
      expect(refused).toEqual(Array.from({ length: 9 }, () => 'version'));
      expect((await storeOf().history({ types: [types.a], id: first.id, limit: 20 })).map((version) => version.version)).toEqual([2, 1]);
    });

    test('a deletion is a version of its own; the resource may come back', async () => {
      const scene = createScene(types);
      const first = scene.draft({ patients: [`p${scene.tag}`] });
      const gone = scene.deletion(first);
      await save(storeOf(), first, gone);
      expect(await storeOf().read(first)).toMatchObject({ deleted: true, version: 2, raw: '', method: 'DELETE' });
      expect(await found(storeOf(), scene.mine(), [types.a])).toEqual([]);
      const back = scene.next(gone, { patients: [`p${scene.tag}`] });
      await save(storeOf(), back);
      expect(withoutTrail(await storeOf().read(first))).toEqual(published(back));
      expect(await storeOf().readVersion(first, 2)).toMatchObject({ deleted: true });
      expect(await found(storeOf(), scene.mine(), [types.a])).toEqual([first.id]);
    });

    test('a resource that moves to another record and back keeps its history, and is found once', async () => {
      const scene = createScene(types);
      const [p, q] = [`p${scene.tag}`, `q${scene.tag}`];
      const first = scene.draft({ patients: [p], d: Date.UTC(2019, 5) });
      const moved = scene.next(first, { patients: [q], d: Date.UTC(2021, 5) });
      const back = scene.next(moved, { patients: [p], d: null });
      const at = async (patient: string) =>
        (
          await storeOf().search({
            types: [types.a],
            where: scene.mine({ kind: 'patient', reference: `Patient/${patient}` }),
            patient: `Patient/${patient}`,
            sort: [{ parameter: '_identity', descending: false }],
            limit: 10,
          })
        ).map((match) => [match.resource.id, match.resource.version]);
      await save(storeOf(), first, moved);
      expect([await at(p), await at(q)]).toEqual([[], [[first.id, 2]]]);
      await save(storeOf(), back);
      expect([await at(p), await at(q)]).toEqual([[[first.id, 3]], []]);
      expect(await found(storeOf(), scene.mine(), [types.a])).toEqual([first.id]);
      const versions = await storeOf().history({ types: [types.a], id: first.id, limit: 10 });
      expect(versions.map(withoutTrail)).toEqual([back, moved, first].map(published));
      for (const draft of [first, moved, back]) {
        expect(withoutTrail(await storeOf().readVersion(first, draft.version))).toEqual(published(draft));
      }
    });

    test('a resource that moves on and on is read where it is, all its versions too', async () => {
      const scene = createScene(types);
      const drafts = [scene.draft({ patients: [`a${scene.tag}`, `b${scene.tag}`] })];
      for (const patients of [['b'], ['c', 'a'], [], ['d', 'c'], ['a']]) {
        const last = drafts.at(-1);
        if (last) drafts.push(scene.next(last, { patients: patients.map((name) => `${name}${scene.tag}`) }));
      }
      for (const draft of drafts) {
        await save(storeOf(), draft);
        expect(withoutTrail(await storeOf().read(draft))).toEqual(published(draft));
        expect(await found(storeOf(), scene.mine(), [types.a])).toEqual([draft.id]);
      }
      for (const draft of drafts) expect(withoutTrail(await storeOf().readVersion(draft, draft.version))).toEqual(published(draft));
      const versions = await storeOf().history({ types: [types.a], id: drafts[0]?.id ?? '', limit: 10 });
      expect(versions.map((version) => version.version)).toEqual([6, 5, 4, 3, 2, 1]);
    });

    test('what never was is undefined', async () => {
      const scene = createScene(types);
      const never = scene.draft();
      expect(await storeOf().read(never)).toBeUndefined();
      expect(await storeOf().read({ type: types.a, id: `never-${scene.tag}` })).toBeUndefined();
      expect(await storeOf().readVersion(never, 1)).toBeUndefined();
    });
  });
}
