/** Asks both sides the same and tells where they differ: a difference is a leak. */
import type { Dice } from '../differential/dice.ts';
import { randomAsk, WARD, WHO } from './queries.ts';
import type { Ask, Side, Told, Who } from './side.ts';
import type { World } from './world.ts';

export interface Leak {
  readonly who: Who;
  readonly ask: Ask;
  readonly full: Told;
  readonly reduced: Told;
}

/** One random request and the pages after it: what differed, or the first answer. */
export async function compareOnce(
  full: Side,
  reduced: Side,
  world: World,
  channels?: readonly string[],
  whos: readonly Who[] = WHO,
): Promise<{ readonly channel: string; readonly type: string; readonly answer: Leak | Told }> {
  const ask = randomAsk(world, channels);
  return { channel: ask.channel, type: ask.path.split('/')[0] ?? '', answer: await compare(full, reduced, world, ask, whos) };
}

async function compare(full: Side, reduced: Side, world: World, ask: Ask, whos: readonly Who[]): Promise<Leak | Told> {
  const who = world.dice.pick(whos);
  if (ask.channel === 'foreign-cursor') return compareForeignCursor(full, reduced, world.dice, ask, who);
  let next: Ask | undefined = ask;
  let told: Told | undefined;
  for (let page = 0; next && page < 5; page++) {
    const [ofFull, ofReduced]: readonly [Told, Told] = [await full.ask(next, who), await reduced.ask(next, who)];
    if (!isSame(ofFull, ofReduced)) return { who, ask: next, full: ofFull, reduced: ofReduced };
    told ??= ofFull;
    next = goesOn(ask, world.dice) ? linkedPage(next, ofFull, ask.channel === 'previous' && page > 1 ? 'previous' : 'next') : undefined;
  }
  return told as Told;
}

/** A cursor that the ward got from each side is of no use to the patient's app, and says nothing. */
async function compareForeignCursor(full: Side, reduced: Side, dice: Dice, ask: Ask, who: Who): Promise<Leak | Told> {
  const cursors = await Promise.all([full.ask(ask, WARD), reduced.ask(ask, WARD)]);
  const asks = cursors.map((told) => linkedPage(ask, told, 'next'));
  const [own = ask, other = ask] = dice.chance(0.5) ? asks : asks.toReversed();
  if (!asks[0] || !asks[1]) return cursors[0] as Told;
  const [ofFull, ofReduced] = [await full.ask(own, who), await reduced.ask(other, who)];
  const isRefused = ofFull.status === 400 || ofFull.status === 403;
  return isRefused && isSame(ofFull, ofReduced) ? ofFull : { who, ask: own, full: ofFull, reduced: ofReduced };
}

export const isLeak = (answer: Leak | Told): answer is Leak => 'full' in answer;

const isSame = (a: Told, b: Told) =>
  a.status === b.status &&
  a.text === b.text &&
  JSON.stringify(Object.entries(a.headers).sort()) === JSON.stringify(Object.entries(b.headers).sort());

const goesOn = ({ channel }: Ask, dice: Dice) => channel === 'previous' || dice.chance(0.7);

function linkedPage(ask: Ask, { text }: Told, relation: 'next' | 'previous'): Ask | undefined {
  if (ask.method !== 'GET') return undefined;
  const url = new RegExp(`"relation":"${relation}","url":"([^"]+)"`).exec(text)?.[1];
  return url === undefined ? undefined : { ...ask, query: [...new URL(url).searchParams] };
}
