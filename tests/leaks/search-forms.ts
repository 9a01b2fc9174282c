/** Searches in other forms than a plain query: sums, `_filter`, `_list`, full text, orders by chains, pages back. */
import { keyText } from '../../src/model/resource.ts';
import { GROUPED_TYPES } from '../../src/search/parameters/group-starts.ts';
import type { SearchParameter } from '../../src/search/parameters/registry.ts';
import { chain, criteria, has, isLink, type Pair, pairOf, parameterOf, search, typeOf, valueFor } from './criteria.ts';
import type { Ask } from './side.ts';
import { NAMES, type World } from './world.ts';

/** `$aggregate`: counts by one or two groups, now and then with an amount. */
export function aggregate(world: World): Ask {
  const { dice } = world;
  const type = typeOf(world);
  const groups = dice.times(2, () => grouping(world, type)).filter((group) => group !== undefined);
  const amount = parameterOf(world, type, (parameter) => parameter.type === 'quantity' || parameter.type === 'number');
  const query: Pair[] = [
    ...(groups.length > 0 ? ([['group', groups.join(',')]] as const) : []),
    ...(amount && dice.chance(0.4) ? ([[dice.pick(['sum', 'avg', 'min', 'max']), amount.code]] as const) : []),
    ...criteria(world, type).filter(([name]) => name !== '_count'),
  ];
  return { channel: 'aggregate', method: 'GET', path: `${type}/$aggregate`, query };
}

function grouping(world: World, type: string): string | undefined {
  const { dice } = world;
  const unit = dice.pick(['year', 'month', 'day']);
  if (dice.chance(0.3)) return `_lastUpdated:${unit}`;
  const parameter = parameterOf(world, type, (each) => each.type === 'date' || GROUPED_TYPES.includes(each.type));
  return parameter && (parameter.type === 'date' ? `${parameter.code}:${unit}` : parameter.code);
}

/** `_filter`: comparisons with and without a chain, joined and negated. */
export function filter(world: World): Ask {
  const { dice } = world;
  const along = dice.chance(0.4) ? filterAlong(world) : undefined;
  if (along) return along;
  const type = typeOf(world);
  const text = dice.pickOne([
    () => comparison(world, type),
    () => `not (${comparison(world, type)})`,
    () => `${comparison(world, type)} ${dice.pick(['and', 'or'])} ${comparison(world, type)}`,
  ]);
  return search(world, 'filter', [['_filter', text]], type);
}

/** A link into what is hidden: whoever has it would be found. */
function filterAlong({ dice, links, hidden }: World): Ask | undefined {
  const ways = links.filter(({ from, to }) => hidden.has(keyText(to)) && !hidden.has(keyText(from)));
  if (ways.length === 0) return undefined;
  const { from, code, to } = dice.pick(ways);
  const comparison = `${code}:${to.type}._id eq "${to.id}"`;
  const text = dice.chance(0.3) ? `not (${comparison})` : comparison;
  return { channel: 'filter', method: 'GET', path: from.type, query: [['_filter', text]] };
}

function comparison(world: World, type: string): string {
  const far = world.dice.chance(0.3) ? chain(world, type, 1) : undefined;
  if (far) {
    const [path, value] = pairOf(far);
    if (!path.includes(':missing') && !path.includes(':not')) return `${path} eq ${JSON.stringify(value)}`;
  }
  const parameter = parameterOf(world, type) as SearchParameter;
  return `${parameter.code} ${operatorFor(world, parameter)} ${JSON.stringify(valueFor(world, parameter).replace(/^(?:ge|lt|gt)/, ''))}`;
}

function operatorFor({ dice }: World, { type }: SearchParameter): string {
  if (type === 'string') return dice.pick(['eq', 'co', 'sw', 'ne']);
  if (type === 'token' || type === 'uri') return dice.pick(['eq', 'ne']);
  if (type === 'reference') return dice.pick(['eq', 're', 'ne']);
  return dice.pick(['ge', 'lt', 'ne']);
}

/** `_list`: what a List names, of this patient and of the other. */
export function list(world: World): Ask {
  const { dice, keys } = world;
  const lists = keys.filter(({ type }) => type === 'List');
  const id = dice.chance(0.1) ? 'never-list' : dice.pick(lists).id;
  const type = dice.chance(0.6) ? dice.pick(world.listed) : typeOf(world);
  return { channel: 'list', method: 'GET', path: type, query: [['_list', id], ...(dice.chance(0.3) ? criteria(world, type) : [])] };
}

/** Words of the narrative (`_text`) or of anything (`_content`). */
export function fullText(world: World, channel: 'text' | 'content'): Ask {
  const { dice } = world;
  const word = dice.pick([...NAMES, 'x', 'final', 'amber OR beryl', '(amber AND z)', 'never']);
  return search(world, channel, [[`_${channel}`, word], ...(dice.chance(0.3) ? ([['_total', 'accurate']] as const) : [])]);
}

/** `_sort` by what a reference leads to, into what is hidden if there is such a way. */
export function chainedSort(world: World): Ask {
  const { dice, links, hidden } = world;
  const ways = links.filter(({ from, to }) => hidden.has(keyText(to)) && !hidden.has(keyText(from)));
  const descending = dice.pick(['', '-']);
  const paging: Pair[] = dice.chance(0.5) ? [['_count', '2']] : [];
  if (ways.length > 0 && dice.chance(0.7)) {
    const { from, code, to } = dice.pick(ways);
    const key = dice.chance(0.5) ? '_lastUpdated' : (parameterOf(world, to.type)?.code ?? '_id');
    const query: Pair[] = [['_sort', `${descending}${code}:${to.type}.${key}`], ...paging];
    return { channel: 'sort-chain', method: 'GET', path: from.type, query };
  }
  const type = typeOf(world);
  const parameter = parameterOf(world, type, (each) => isLink(each) && each.targets.includes('Patient'));
  return search(world, 'sort-chain', [['_sort', `${descending}${parameter?.code ?? 'subject'}:Patient.name`], ...paging], type);
}

/** Small pages; `compare.ts` goes on and back again. */
export function previous(world: World): Ask {
  const { dice } = world;
  const type = dice.pick(['Observation', 'Condition', 'Encounter', typeOf(world)]);
  const order: Pair[] = dice.chance(0.5) ? [['_sort', dice.pick(['-_lastUpdated', '_id', '-_id'])]] : [];
  const joined = dice.chance(0.2) ? has(world, type, 1) : undefined;
  return { channel: 'previous', method: 'GET', path: type, query: [['_count', '1'], ...order, ...(joined ? [pairOf(joined)] : [])] };
}
