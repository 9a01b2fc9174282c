/**
 * Divergences found once, kept for good: `regressions/*.json` holds the resources (each a list of versions) and the searches.
 * `$tag`, `$A` and `$B` stand for the scene's tag and types.
 */
import { readdirSync, readFileSync } from 'node:fs';
import type { ResourceDraft } from '../../src/model/resource.ts';
import type { ContractTypes, DraftWish, Scene } from '../../src/store/contract/scene.ts';
import { BY_IDENTITY, createScene } from '../../src/store/contract/scene.ts';
import type { ResourceStore, StoreSearch } from '../../src/store/store.ts';
import { compareSearch } from './compare.ts';
import type { World } from './generate.ts';
import { createModel } from './model.ts';
import { fill } from './run.ts';

interface Regression {
  readonly note: string;
  readonly resources: readonly (readonly DraftWish[])[];
  readonly searches: readonly Pick<StoreSearch, 'types' | 'where' | 'patient'>[];
}

const FOLDER = new URL('regressions/', import.meta.url);

function read(name: string, { tag, types }: Scene): Regression {
  const text = readFileSync(new URL(name, FOLDER), 'utf8');
  return JSON.parse(text.replaceAll('$tag', tag).replaceAll('$A', types.a).replaceAll('$B', types.b)) as Regression;
}

function worldOf(scene: Scene, { resources }: Regression): World {
  const versions: ResourceDraft[] = [];
  for (const [first, ...further] of resources) {
    if (!first) continue;
    versions.push(scene.draft(first));
    for (const wish of further) versions.push(scene.next(versions.at(-1) as ResourceDraft, wish));
  }
  return { scene, types: scene.types, versions };
}

/** What differs again, as texts. */
export async function findRegressions(store: ResourceStore, types: ContractTypes): Promise<string[]> {
  const found: string[] = [];
  for (const name of readdirSync(FOLDER).filter((file) => file.endsWith('.json'))) {
    const scene = createScene(types);
    const regression = read(name, scene);
    const world = worldOf(scene, regression);
    await fill(store, world);
    for (const search of regression.searches) {
      const divergence = await compareSearch(createModel(world.versions), store, { ...search, sort: BY_IDENTITY, limit: 2 });
      if (divergence) found.push(`${name}: ${regression.note}\n${divergence.text}`);
    }
  }
  return found;
}
