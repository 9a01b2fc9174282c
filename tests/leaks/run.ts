/** Runs the comparison over fresh worlds. */
import type { InteractionServices } from '../../src/interactions/context.ts';
import { createMemoryStore } from '../../src/store/memory/memory-store.ts';
import type { ResourceStore } from '../../src/store/store.ts';
import { createDice } from '../differential/dice.ts';
import { compareOnce, isLeak, type Leak } from './compare.ts';
import { createSide, type Tamper, type Who } from './side.ts';
import { fillStore, generateWorld } from './world.ts';

interface LeakRun {
  readonly seed: number;
  readonly queries: number;
  /** Definitions and what is made of them, for both sides. */
  readonly services: InteractionServices;
  /** Requests that share one world: writes wear it out. */
  readonly perWorld?: number;
  readonly channels?: readonly string[];
  readonly tamper?: Tamper;
  /** Whose tokens; default: those for patient `a`. */
  readonly whos?: readonly Who[];
  /** On everything of `b`. */
  readonly label?: object;
  /** Two empty stores for each world; default in memory. */
  readonly makeStores?: () => Promise<readonly [ResourceStore, ResourceStore]>;
}

interface LeakReport {
  readonly leaks: readonly Leak[];
  /** Requests by channel, and how many were answered with a 2xx. */
  readonly asked: ReadonlyMap<string, { all: number; answered: number }>;
  /** Types that were asked for by name. */
  readonly types: ReadonlySet<string>;
}

const inMemory = async () => [createMemoryStore(), createMemoryStore()] as const;

/** Ends with the first leak. */
export async function findLeaks({
  seed,
  queries,
  services,
  perWorld = 250,
  channels,
  tamper,
  whos,
  label,
  makeStores = inMemory,
}: LeakRun): Promise<LeakReport> {
  const dice = createDice(seed);
  const asked = new Map<string, { all: number; answered: number }>();
  const types = new Set<string>();
  const leaks: Leak[] = [];
  for (let done = 0; done < queries && leaks.length === 0; done += perWorld) {
    const [fullStore, reducedStore] = await makeStores();
    const [full, reduced] = [createSide(fullStore, services, tamper), createSide(reducedStore, services, tamper)];
    const world = generateWorld(dice, full.context, label);
    for (const side of [full, reduced]) side.denyPieces(world);
    await Promise.all([fillStore(fullStore, world, true), fillStore(reducedStore, world, false)]);
    for (let i = 0; i < Math.min(perWorld, queries - done) && leaks.length === 0; i++) {
      const { answer, channel, type } = await compareOnce(full, reduced, world, channels, whos);
      types.add(type);
      if (isLeak(answer)) leaks.push(answer);
      const count = asked.get(channel) ?? { all: 0, answered: 0 };
      count.all++;
      if (!isLeak(answer) && answer.status < 300) count.answered++;
      asked.set(channel, count);
    }
  }
  return { leaks, asked, types };
}
