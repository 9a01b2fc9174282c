/** What every store must answer about the past. */
import { beforeAll, describe, expect, test } from 'vitest';
import type { ResourceDraft, ResourceVersion } from '../../model/resource.ts';
import { identityOf } from '../../model/resource.ts';
import { compareHistory } from '../memory/history.ts';
import type { HistoryRequest, ResourceStore } from '../store.ts';
import type { ContractTypes } from './scene.ts';
import { createScene, published, save, withoutTrail } from './scene.ts';

const place = (version: ResourceVersion) => ({ at: version.at, identity: identityOf(version), version: version.version });
const newestFirst = (drafts: readonly ResourceDraft[]) => [...drafts].sort((a, b) => compareHistory(place(a), place(b)));

/** The versions of a scene: three resources of two types, one deleted, two made in the same millisecond. */
async function setUp(store: ResourceStore, types: ContractTypes) {
  const scene = createScene(types);
  const a1 = scene.draft({ at: scene.at(1_000), patients: [`p${scene.tag}`], d: Date.UTC(2020, 1) });
  const b1 = scene.draft({ at: scene.at(2_000), type: types.b, patients: [`q${scene.tag}`] });
  const c1 = scene.draft({ at: scene.at(2_000), id: `c-${scene.tag}` });
  const a2 = scene.next(a1, { at: scene.at(3_000), patients: [`p${scene.tag}`], d: Date.UTC(2020, 1) });
  const b2 = { ...scene.deletion(b1), at: scene.at(4_000) };
  const a3 = scene.next(a2, { at: scene.at(5_000), patients: [`p${scene.tag}`], d: Date.UTC(2020, 1) });
  await save(store, a1, b1, c1, a2, b2, a3);
  return { scene, a1, b1, c1, a2, b2, a3, all: newestFirst([a1, b1, c1, a2, b2, a3]) };
}

async function allPages(store: ResourceStore, request: Omit<HistoryRequest, 'limit'>, limit: number): Promise<ResourceVersion[]> {
  const versions: ResourceVersion[] = [];
  for (;;) {
    const last = versions.at(-1);
    const page = await store.history({ ...request, limit, ...(last && { after: place(last) }) });
    versions.push(...page);
    if (page.length < limit) return versions;
  }
}

/** History of one resource, of types and of the store. */
export function describeHistory(storeOf: () => ResourceStore, types: ContractTypes): void {
  describe('history', () => {
    let past: Awaited<ReturnType<typeof setUp>>;
    beforeAll(async () => {
      past = await setUp(storeOf(), types);
    });
    const window = () => ({ since: past.scene.at(0), until: past.scene.at(9_000) });
    const given = async (request: Omit<HistoryRequest, 'limit'>) => (await storeOf().history({ ...request, limit: 100 })).map(withoutTrail);

    test('of one resource: all versions, newest first', async () => {
      expect(await given({ types: [types.a], id: past.a1.id })).toEqual([past.a3, past.a2, past.a1].map(published));
      expect(await given({ types: [types.b], id: past.b1.id })).toEqual([past.b2, past.b1].map(published));
    });

    test('of one type, of both, of the store: by time, then identity, then version', async () => {
      const ofType = (type: string) => past.all.filter((draft) => draft.type === type).map(published);
      expect(await given({ ...window(), types: [types.a] })).toEqual(ofType(types.a));
      expect(await given({ ...window(), types: [types.b] })).toEqual(ofType(types.b));
      expect(await given({ ...window(), types: [types.a, types.b] })).toEqual(past.all.map(published));
      expect(await given(window())).toEqual(past.all.map(published));
    });

    test('since and until include their instants', async () => {
      const { at } = past.scene;
      const between = past.all.filter((draft) => draft.at >= at(2_000) && draft.at <= at(4_000)).map(published);
      expect(await given({ since: at(2_000), until: at(4_000) })).toEqual(between);
      expect(await given({ since: at(2_001), until: at(2_999) })).toEqual([]);
      expect(await given({ types: [types.a], id: past.a1.id, since: at(2_001) })).toEqual([past.a3, past.a2].map(published));
    });

    test('during: versions that were current in the period', async () => {
      const { at } = past.scene;
      const ofA = (from: number, to: number) => given({ types: [types.a], id: past.a1.id, during: { from, to } });
      expect(await ofA(at(3_500), at(4_500))).toEqual([published(past.a2)]);
      expect(await ofA(at(2_999), at(3_000))).toEqual([past.a2, past.a1].map(published));
      expect(await ofA(at(3_000), at(3_000))).toEqual([published(past.a2)]);
      expect(await ofA(at(0), at(999))).toEqual([]);
      expect(await ofA(at(6_000), at(7_000))).toEqual([published(past.a3)]);
      const ofB = (from: number, to: number) => given({ types: [types.b], id: past.b1.id, during: { from, to } });
      expect(await ofB(at(4_500), at(4_600))).toEqual([published(past.b2)]);
    });

    test.each([1, 2, 4])('pages of %i give every version once', async (limit) => {
      const pages = await allPages(storeOf(), window(), limit);
      expect(pages.map(withoutTrail)).toEqual(past.all.map(published));
      const ofOne = await allPages(storeOf(), { types: [types.a], id: past.a1.id }, limit);
      expect(ofOne.map((version) => version.version)).toEqual([3, 2, 1]);
    });

    test('of what never was is empty', async () => {
      expect(await given({ types: [types.a], id: `never-${past.scene.tag}` })).toEqual([]);
    });
  });
}
