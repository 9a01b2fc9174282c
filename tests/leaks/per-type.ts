/** Of each type of the patient compartment: would the oracle see it if the filter were off for that type alone? */
import { THE_SERVER } from '../../src/access/guarded-store.ts';
import type { InteractionServices } from '../../src/interactions/context.ts';
import { keyText, type ResourceKey } from '../../src/model/resource.ts';
import { createMemoryStore } from '../../src/store/memory/memory-store.ts';
import type { ResourceStore } from '../../src/store/store.ts';
import { createDice } from '../differential/dice.ts';
import { opened } from './mutants.ts';
import { WHO } from './queries.ts';
import { type Ask, createSide, type Side, type Tamper, type Who } from './side.ts';
import { fillStore, generateWorld, type World } from './world.ts';

const MOST_WORLDS = 5;

/** Types of which a search or a read of what is hidden tells no difference with the filter off: they are not tested at all. */
export async function untestedTypes(services: InteractionServices, seed: number): Promise<readonly string[]> {
  const dice = createDice(seed);
  let untested: readonly string[] | undefined;
  for (let round = 0; round < MOST_WORLDS && (untested === undefined || untested.length > 0); round++) {
    const [full, reduced] = [createMemoryStore(), createMemoryStore()];
    const world = generateWorld(dice, createSide(full, services).context);
    await Promise.all([fillStore(full, world, true), fillStore(reduced, world, false)]);
    const left: string[] = [];
    for (const type of untested ?? world.members) if (!(await isTested(type, world, [full, reduced], services))) left.push(type);
    untested = left;
  }
  return untested ?? [];
}

async function isTested(type: string, world: World, stores: readonly [ResourceStore, ResourceStore], services: InteractionServices) {
  const [full, reduced] = stores.map((store) => createSide(store, services, openType(type))) as [Side, Side];
  const hidden = world.keys.filter((key) => key.type === type && world.hidden.has(keyText(key)));
  const reads = await Promise.all(hidden.map((key) => differs(full, reduced, readOf(key))));
  return reads.includes(true) && (await differs(full, reduced, { channel: 'search-type', method: 'GET', path: type }));
}

const readOf = (key: ResourceKey): Ask => ({ channel: 'read', method: 'GET', path: keyText(key) });

async function differs(full: Side, reduced: Side, ask: Ask): Promise<boolean> {
  const who = WHO[0] as Who;
  const [a, b] = [await full.ask(ask, who), await reduced.ask(ask, who)];
  return a.status !== b.status || a.text !== b.text;
}

const openType =
  (type: string): Tamper =>
  (guarded) => ({
    ...guarded,
    read: (key, reach, letter) => guarded.read(key, key.type === type ? THE_SERVER : reach, letter),
    search: (search) => guarded.search(search.types.includes(type) ? opened(search) : search),
  });
