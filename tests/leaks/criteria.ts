/** Searches at random: criteria that have an answer, chains and `_has`, along links into what is hidden as often as not. */
import { keyText, type ResourceKey } from '../../src/model/resource.ts';
import { searchableCodes } from '../../src/search/param-types/criterion.ts';
import type { SearchParameter } from '../../src/search/parameters/registry.ts';
import type { Ask } from './side.ts';
import { CODES, DATES, NAMES, OTHERS, type World } from './world.ts';

export type Pair = readonly [string, string];

export const PATIENTS = ['Patient/a', 'Patient/b', 'Patient/b', 'Patient/a-linked', 'Patient/never'];

export const typeOf = ({ dice, members }: World) =>
  dice.chance(0.3) ? dice.pick(['Observation', 'Condition', 'Encounter', 'Patient']) : dice.pick(members);
export const keyOf = ({ dice, keys }: World): ResourceKey => dice.pick(keys);

export function valueFor(world: World, parameter: SearchParameter): string {
  const { dice, keys } = world;
  switch (parameter.type) {
    case 'token':
      return dice.pick([dice.pick(CODES), `http://s|${dice.pick(CODES)}`, 'final', 'true', keyOf(world).id]);
    case 'string':
      return dice.pick(NAMES).slice(0, dice.whole(1, 6));
    case 'date':
      return `${dice.pick(['', 'ge', 'lt'])}${dice.pick(DATES)}`;
    case 'reference':
      return dice.chance(0.5) ? dice.pick(PATIENTS) : keyText(dice.pick(keys));
    case 'quantity':
    case 'number':
      return 'gt0';
    default:
      return 'x';
  }
}

export function parameterOf({ dice, registry }: World, type: string, isWanted: (parameter: SearchParameter) => boolean = () => true) {
  const parameters = searchableCodes([type], registry)
    .map((code) => registry.parameter(type, code))
    .filter((each) => each !== undefined && each.type !== 'composite' && isWanted(each)) as SearchParameter[];
  return parameters.length > 0 ? dice.pick(parameters) : undefined;
}

export function criterion(world: World, type: string): Pair {
  const { dice } = world;
  const parameter = parameterOf(world, type) as SearchParameter;
  if (dice.chance(0.08) && !parameter.code.startsWith('_')) return [`${parameter.code}:missing`, dice.pick(['true', 'false'])];
  if (dice.chance(0.08) && parameter.type === 'token' && parameter.code !== '_id')
    return [`${parameter.code}:not`, valueFor(world, parameter)];
  return [parameter.code, valueFor(world, parameter)];
}

export const isLink = (parameter: SearchParameter) => parameter.type === 'reference' && parameter.elementTypes.includes('Reference');

export function chain(world: World, type: string, hops: number): string | undefined {
  const { dice } = world;
  const parameter = parameterOf(world, type, isLink);
  if (!parameter) return undefined;
  const known = parameter.targets.filter((target) => world.members.includes(target) || OTHERS.includes(target));
  if (known.length === 0) return undefined;
  const target = dice.pick(known);
  const rest = hops > 1 ? chain(world, target, hops - 1) : criterionText(world, target);
  return rest && `${parameter.code}:${target}.${rest}`;
}

export function has(world: World, type: string, hops: number): string | undefined {
  const { dice, members, registry } = world;
  const sources = members.filter((member) => registry.parametersOf(member).some((each) => isLink(each) && each.targets.includes(type)));
  if (sources.length === 0) return undefined;
  const source = dice.pick(sources);
  const code = dice.pick(registry.parametersOf(source).filter((each) => isLink(each) && each.targets.includes(type))).code;
  const rest = hops > 1 ? has(world, source, hops - 1) : criterionText(world, source);
  return rest && `_has:${source}:${code}:${rest}`;
}

/** "name=value"; the value is split off again by `pairOf`. */
function criterionText(world: World, type: string): string {
  const [name, value] = criterion(world, type);
  return `${name}=${value}`;
}

export const pairOf = (text: string): Pair => [text.slice(0, text.indexOf('=')), text.slice(text.indexOf('=') + 1)];

/** A plain search, with few and many matches, and now and then a small page. */
export function criteria(world: World, type: string): Pair[] {
  const { dice } = world;
  const some = dice.times(2, () => criterion(world, type));
  return dice.chance(0.3) ? [...some, ['_count', dice.pick(['1', '2', '5'])]] : some;
}

export function search(world: World, channel: string, extra: readonly Pair[] = [], type = typeOf(world)): Ask {
  return { channel, method: 'GET', path: type, query: [...criteria(world, type), ...extra] };
}

/** `_has` along links that are there, by way of one that is hidden if there is such a one. */
export function hasAlong({ dice, links, hidden }: World, hops: number): Ask | undefined {
  const ways = links.filter(({ from }) => hidden.has(keyText(from)));
  if (ways.length === 0) return undefined;
  const way = dice.pick(ways);
  const before = links.filter(({ to }) => keyText(to) === keyText(way.from));
  const end = hops > 1 && before.length > 0 ? dice.pick(before) : undefined;
  const rest = end ? `_has:${end.from.type}:${end.code}:_id` : '_id';
  const query: Pair[] = [[`_has:${way.from.type}:${way.code}:${rest}`, (end ?? way).from.id]];
  return { channel: hops > 1 ? 'has-of-has' : 'has', method: 'GET', path: way.to.type, query };
}

/** A chain along a link that leads into what is hidden. */
export function chainAlong({ dice, links, hidden }: World): Ask | undefined {
  const ways = links.filter(({ to }) => hidden.has(keyText(to)));
  if (ways.length === 0) return undefined;
  const { from, code, to } = dice.pick(ways);
  return { channel: 'chain', method: 'GET', path: from.type, query: [[`${code}:${to.type}._id`, to.id]] };
}

export function joined(
  world: World,
  channel: string,
  make: (world: World, type: string, hops: number) => string | undefined,
  hops: number,
): Ask {
  for (;;) {
    const type = typeOf(world);
    const text = make(world, type, hops);
    if (text)
      return {
        channel,
        method: 'GET',
        path: type,
        query: [pairOf(text), ...(world.dice.chance(0.2) ? ([['_summary', 'count']] as const) : [])],
      };
  }
}

export function include(world: World, channel: string, name: string): Ask {
  const { dice } = world;
  const type = typeOf(world);
  const parameter = parameterOf(world, type, isLink);
  return search(world, channel, parameter ? [[name, `${type}:${dice.pick([parameter.code, '*'])}`]] : [[name, '*']], type);
}

export function revinclude(world: World, channel: string): Ask {
  const { dice, members, registry } = world;
  const type = typeOf(world);
  const sources = members.filter((member) => registry.parametersOf(member).some((each) => isLink(each) && each.targets.includes(type)));
  const source = sources.length > 0 ? dice.pick(sources) : undefined;
  return search(
    world,
    channel,
    [[dice.pick(['_revinclude', '_revinclude:iterate']), source && dice.chance(0.8) ? `${source}:*` : '*']],
    type,
  );
}
