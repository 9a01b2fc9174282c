/** Runs random searches on a store and on the model. */
import type { ContractTypes } from '../../src/store/contract/scene.ts';
import { create, createScene, save } from '../../src/store/contract/scene.ts';
import { createMemoryStore } from '../../src/store/memory/memory-store.ts';
import type { ResourceStore } from '../../src/store/store.ts';
import { seedFrom } from '../support/random.ts';
import type { Divergence } from './compare.ts';
import { compareAggregate, compareHistory, compareSearch } from './compare.ts';
import { createDice } from './dice.ts';
import type { World } from './generate.ts';
import { generateAggregate, generateHistory, generateSearch, generateWorld } from './generate.ts';
import type { Searcher } from './model.ts';
import { createModel } from './model.ts';

interface RunOptions {
  readonly seed: number;
  readonly searches: number;
}

/** Searches that share one world. */
const SEARCHES_PER_WORLD = 500;
const RESOURCES_PER_WORLD = 60;
const MOST_DIVERGENCES = 3;
/** Searches asked at once: stores may answer together what arrives together. */
const AT_ONCE = 16;

/** `DIFFERENTIAL_COUNT` searches (else `usual`) from `DIFFERENTIAL_SEED` (else a fresh one). */
export function runOptions(usual: number): RunOptions {
  return { seed: seedFrom('DIFFERENTIAL_SEED'), searches: Number(process.env.DIFFERENTIAL_COUNT ?? usual) };
}

/** Writes all versions of a world, in order. */
export async function fill(store: ResourceStore, { versions }: World): Promise<void> {
  await store.commit({ writes: versions.filter((version) => version.version === 1).map(create) });
  for (const version of versions) if (version.version > 1) await save(store, version);
}

/**
 * Where `makeOther` differs from the model, three differences at most. `makeOther` gets each world before its searches: a
 * store is filled with it, a faulty model is made over it.
 */
export async function findDivergences(
  types: ContractTypes,
  options: RunOptions,
  makeOther: (world: World) => Promise<Searcher>,
): Promise<Divergence[]> {
  const dice = createDice(options.seed);
  const found: Divergence[] = [];
  for (let done = 0; done < options.searches && found.length < MOST_DIVERGENCES; done += SEARCHES_PER_WORLD) {
    const world = generateWorld(dice, createScene(types), RESOURCES_PER_WORLD);
    const other = await makeOther(world);
    const model = createModel(world.versions);
    const searches = Array.from({ length: Math.min(SEARCHES_PER_WORLD, options.searches - done) }, () => generateSearch(dice, world));
    for (let from = 0; from < searches.length && found.length < MOST_DIVERGENCES; from += AT_ONCE) {
      const together = searches.slice(from, from + AT_ONCE).map((search) => compareSearch(model, other, search));
      for (const divergence of await Promise.all(together)) if (divergence) found.push(divergence);
    }
  }
  return found;
}

/** `findDivergences` of a store, which is filled with each world. A tenth as many histories and aggregates are compared with memory's. */
export async function findStoreDivergences(store: ResourceStore, types: ContractTypes, options: RunOptions): Promise<Divergence[]> {
  const others: Divergence[] = [];
  const dice = createDice(options.seed + 1);
  const searches = await findDivergences(types, options, async (world) => {
    const reference = createMemoryStore();
    await Promise.all([fill(store, world), fill(reference, world)]);
    for (let i = 0; i < SEARCHES_PER_WORLD / 10 && others.length < MOST_DIVERGENCES; i++) {
      const divergence = await compareHistory(reference, store, generateHistory(dice, world));
      if (divergence) others.push(divergence);
      const difference = await compareAggregate(reference, store, generateAggregate(dice, world));
      if (difference) others.push(difference);
    }
    return store;
  });
  return [...others, ...searches];
}
