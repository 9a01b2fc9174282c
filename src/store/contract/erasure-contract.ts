/** What every store must do when resources are removed for good. */
import { hash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { keyText } from '../../model/resource.ts';
import type { ErasureStore } from '../erasure.ts';
import type { ResourceStore } from '../store.ts';
import type { ContractTypes } from './scene.ts';
import { create, createScene, found, replace, save } from './scene.ts';
import { refusals } from './write-contract.ts';

export function describeErasure(
  storeOf: () => ResourceStore & { readonly erasure: ErasureStore },
  types: ContractTypes,
  largeRawBytes: number,
): void {
  describe('an erased resource', () => {
    test('is as if it had never been: by id, version, history and search; its id may be used anew', async () => {
      const scene = createScene(types);
      const wish = { id: `chosen-${scene.tag}`, patients: [`p${scene.tag}`] };
      const [first, other] = [scene.draft(wish), scene.draft({ patients: [`p${scene.tag}`] })];
      await save(storeOf(), first, scene.next(first, wish), other);
      await storeOf().erasure.erase([first], first.rk);
      expect(await storeOf().read(first)).toBeUndefined();
      expect(await storeOf().readVersion(first, 1)).toBeUndefined();
      expect(await storeOf().history({ types: [types.a], id: first.id, limit: 10 })).toEqual([]);
      expect(await storeOf().history({ since: scene.at(1), until: scene.at(90_000_000), limit: 10 })).toHaveLength(1);
      expect(await found(storeOf(), scene.mine(), [types.a])).toEqual([other.id]);
      await save(storeOf(), first);
      expect((await storeOf().history({ types: [types.a], id: first.id, limit: 10 })).map(({ version }) => version)).toEqual([1]);
    });

    test('is gone when it was deleted, large, in several records or moved', async () => {
      const scene = createScene(types);
      const [p, q] = [`p${scene.tag}`, `q${scene.tag}`];
      const deleted = scene.draft({ patients: [p] });
      const large = scene.draft({ patients: [p], raw: JSON.stringify({ text: 'x'.repeat(largeRawBytes) }) });
      const several = scene.draft({ patients: [p, q] });
      const moved = scene.draft({ patients: [q] });
      await save(storeOf(), deleted, scene.deletion(deleted), large, several, moved);
      await save(storeOf(), scene.next(moved, { patients: [p] }));
      const all = [deleted, large, several, moved];
      await storeOf().erasure.erase(all, deleted.rk);
      for (const draft of all) {
        expect(await storeOf().read(draft)).toBeUndefined();
        expect(await storeOf().readVersion(draft, 1)).toBeUndefined();
      }
      expect(await storeOf().history({ since: scene.at(1), until: scene.at(90_000_000), limit: 10 })).toEqual([]);
      expect(await found(storeOf(), scene.mine(), [types.a])).toEqual([]);
      for (const rk of [deleted.rk, moved.rk]) expect(await storeOf().erasure.lyingIn(rk)).toEqual([]);
      // A second time does nothing, as after a crash.
      await storeOf().erasure.erase(all, deleted.rk);
      await save(storeOf(), ...all);
      for (const draft of all) expect((await storeOf().read(draft))?.version).toBe(1);
    });

    test('does not come back by a write that was built on it, nor leaves a trace of that', async () => {
      const scene = createScene(types);
      const first = scene.draft({ patients: [`p${scene.tag}`] });
      await save(storeOf(), first);
      const alone = await replace(storeOf(), scene.next(first));
      const together = await replace(storeOf(), scene.next(first));
      await storeOf().erasure.erase([first], first.rk);
      expect(await refusals([storeOf().commit({ writes: [alone] })])).toEqual(['version']);
      expect(await refusals([storeOf().commit({ writes: [together, create(scene.draft())] })])).toEqual(['version']);
      expect(await storeOf().erasure.lyingIn(first.rk)).toEqual([]);
      expect(await storeOf().history({ since: scene.at(1), until: scene.at(90_000_000), limit: 10 })).toEqual([]);
    });
  });

  test('past versions can go while the resource stays', async () => {
    const scene = createScene(types);
    const [p, q] = [`p${scene.tag}`, `q${scene.tag}`];
    const first = scene.draft({ patients: [p] });
    const second = scene.next(first, { patients: [p] });
    const third = scene.next(second, { patients: [q] });
    await save(storeOf(), first, second, third);
    expect((await storeOf().erasure.lyingIn(first.rk)).map(keyText)).toEqual([keyText(first)]);
    await storeOf().erasure.erasePast(first, first.rk, [1]);
    expect(await storeOf().readVersion(first, 1)).toBeUndefined();
    expect((await storeOf().readVersion(first, 2))?.raw).toBe(second.raw);
    await storeOf().erasure.erasePast(first, first.rk, 'all');
    expect(await storeOf().erasure.lyingIn(first.rk)).toEqual([]);
    expect((await storeOf().read(first))?.raw).toBe(third.raw);
  });

  test('a record’s deleted resources are found by its key', async () => {
    const scene = createScene(types);
    const first = scene.draft({ patients: [`p${scene.tag}`], type: types.b });
    await save(storeOf(), first, scene.deletion(first));
    expect((await storeOf().erasure.lyingIn(first.rk)).map(keyText)).toEqual([keyText(first)]);
  });

  test('kept answers go that name what is told', async () => {
    const scene = createScene(types);
    const key = (name: string) => hash('sha1', `${name}${scene.tag}`, 'hex');
    const keep = (name: string) =>
      storeOf().commit({
        writes: [create(scene.draft())],
        idempotency: { key: key(name), bodyHash: key('body'), answer: JSON.stringify({ name: `${name}${scene.tag}` }) },
      });
    await Promise.all([keep('goes'), keep('stays')]);
    expect(await storeOf().erasure.eraseAnswers((answer) => answer.includes(`goes${scene.tag}`), new Set())).toBe(1);
    expect(await storeOf().findIdempotency(key('goes'))).toBeUndefined();
    expect(await storeOf().findIdempotency(key('stays'))).toBeDefined();
  });
}
