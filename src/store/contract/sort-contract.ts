/** The order of a search's answer and its pages: the same on every store. */
import { beforeAll, describe, expect, test } from 'vitest';
import type { ResourceDraft } from '../../model/resource.ts';
import { stableSort } from '../../search/plan/stable-sort.ts';
import { compareSortValues, sortValuesOf } from '../order.ts';
import type { ResourceStore, SearchMatch, SortKey } from '../store.ts';
import type { ContractTypes, Scene } from './scene.ts';
import { create, createScene } from './scene.ts';

const NAMES = ['abc', 'ab', 'Abc', 'é', 'z', '\u{1F600}', '\uFFFD', '', 'a b', 'a_b', '50%'];

const SORTS: readonly (readonly SortKey[])[] = [
  [],
  [{ parameter: 'date', descending: false }],
  [{ parameter: 'date', descending: true }],
  [{ parameter: 'once', descending: false, isSingle: true }],
  [{ parameter: 'once', descending: true, isSingle: true }],
  [
    { parameter: 'once', descending: false, isSingle: true },
    { parameter: 'name', descending: true },
  ],
  [{ parameter: 'name', descending: false }],
  [
    { parameter: 'name', descending: true },
    { parameter: 'date', descending: false },
  ],
  [{ parameter: '_id', descending: true }],
  [{ parameter: '_lastUpdated', descending: true }],
  [
    { parameter: 'never', descending: true },
    { parameter: '_lastUpdated', descending: false },
  ],
];

function drafts(scene: Scene): ResourceDraft[] {
  return Array.from({ length: 24 }, (_, i) => {
    const name = NAMES[i % 13];
    return scene.draft({
      patients: [`p${i % 7}${scene.tag}`],
      at: scene.at(1_000 * (i % 5)),
      d: i % 4 ? Date.UTC(2018 + (i % 6), 2) : null,
      o: {
        ...(i % 3 && { once: { min: i % 5, max: i % 5 } }),
        ...(i % 4 && { date: { min: i % 6, max: (i % 6) + (i % 3) } }),
        ...(name !== undefined && { name: { min: name, max: name } }),
      },
    });
  });
}

/** `before`: backward from there. */
async function allPages(
  store: ResourceStore,
  scene: Scene,
  sort: readonly SortKey[],
  limit: number,
  before?: SearchMatch['sortValues'],
): Promise<SearchMatch[]> {
  const matches: SearchMatch[] = [];
  const way = before && { backward: true as const };
  for (;;) {
    const after = matches.at(-1)?.sortValues ?? before;
    const page = await store.search({ types: [scene.types.a], where: scene.mine(), sort, limit, ...way, ...(after && { after }) });
    matches.push(...page);
    if (page.length < limit) return matches;
  }
}

/** Sorting by every kind of key, missing values, ties, and pages that repeat and skip nothing. */
export function describeSort(storeOf: () => ResourceStore, types: ContractTypes): void {
  describe('sort and pages', () => {
    let scene: Scene;
    let all: ResourceDraft[];
    beforeAll(async () => {
      scene = createScene(types);
      all = drafts(scene);
      await storeOf().commit({ writes: all.map(create) });
    });

    test.each(
      SORTS.map((keys) => [keys.map((key) => `${key.descending ? '-' : ''}${key.parameter}`).join(',') || '_identity', keys] as const),
    )('by %s', async (_name, keys) => {
      const sort = stableSort(keys);
      const expected = all.map((draft) => ({ id: draft.id, values: sortValuesOf(draft, sort) }));
      expected.sort((a, b) => compareSortValues(a.values, b.values, sort));
      for (const limit of [100, 5, 1]) {
        const matches = await allPages(storeOf(), scene, sort, limit);
        expect(matches.map((match) => ({ id: match.resource.id, values: match.sortValues }))).toEqual(expected);
        const back = await allPages(storeOf(), scene, sort, limit, expected.at(-1)?.values);
        expect(back.map((match) => ({ id: match.resource.id, values: match.sortValues }))).toEqual(expected.slice(0, -1).reverse());
      }
    });
  });
}
