/** Random requests over the channels by which one patient's data could be learnt of from another's token. */
import { keyText, type ResourceKey } from '../../src/model/resource.ts';
import { searchableCodes } from '../../src/search/param-types/criterion.ts';
import type { SearchParameter } from '../../src/search/parameters/registry.ts';
import type { Ask, Who } from './side.ts';
import { CODES, DATES, NAMES, OTHERS, SUBJECT, VALID, type World } from './world.ts';

type Pair = readonly [string, string];

export const WHO: readonly Who[] = [
  { scope: 'patient/*.cruds', patient: 'a' },
  {
    scope:
      'patient/*.rs patient/Practitioner.rs patient/PractitionerRole.rs patient/Organization.rs patient/Location.rs patient/Medication.rs',
    patient: 'a',
  },
  { scope: 'patient/Observation.cruds?code=x patient/Patient.rs patient/Condition.rus patient/Encounter.r patient/Binary.r', patient: 'a' },
  { scope: 'user/*.cruds', fhirUser: 'Patient/a' },
  { scope: 'patient/*.cruds user/Practitioner.rs user/Organization.rs', patient: 'a' },
];

/** Another identity, whose cursors are tried. */
export const WARD: Who = { scope: 'user/*.cruds' };

const PATIENTS = ['Patient/a', 'Patient/b', 'Patient/b', 'Patient/a-linked', 'Patient/never'];

const typeOf = ({ dice, members }: World) =>
  dice.chance(0.3) ? dice.pick(['Observation', 'Condition', 'Encounter', 'Patient']) : dice.pick(members);
const keyOf = ({ dice, keys }: World): ResourceKey => dice.pick(keys);

function valueFor(world: World, parameter: SearchParameter): string {
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

function parameterOf({ dice, registry }: World, type: string, isWanted: (parameter: SearchParameter) => boolean = () => true) {
  const parameters = searchableCodes([type], registry)
    .map((code) => registry.parameter(type, code))
    .filter((each) => each !== undefined && each.type !== 'composite' && isWanted(each)) as SearchParameter[];
  return parameters.length > 0 ? dice.pick(parameters) : undefined;
}

function criterion(world: World, type: string): Pair {
  const { dice } = world;
  const parameter = parameterOf(world, type) as SearchParameter;
  if (dice.chance(0.08) && !parameter.code.startsWith('_')) return [`${parameter.code}:missing`, dice.pick(['true', 'false'])];
  if (dice.chance(0.08) && parameter.type === 'token' && parameter.code !== '_id')
    return [`${parameter.code}:not`, valueFor(world, parameter)];
  return [parameter.code, valueFor(world, parameter)];
}

const isLink = (parameter: SearchParameter) => parameter.type === 'reference' && parameter.elementTypes.includes('Reference');

function chain(world: World, type: string, hops: number): string | undefined {
  const { dice } = world;
  const parameter = parameterOf(world, type, isLink);
  if (!parameter) return undefined;
  const known = parameter.targets.filter((target) => world.members.includes(target) || OTHERS.includes(target));
  if (known.length === 0) return undefined;
  const target = dice.pick(known);
  const rest = hops > 1 ? chain(world, target, hops - 1) : criterionText(world, target);
  return rest && `${parameter.code}:${target}.${rest}`;
}

function has(world: World, type: string, hops: number): string | undefined {
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

const pairOf = (text: string): Pair => [text.slice(0, text.indexOf('=')), text.slice(text.indexOf('=') + 1)];

/** A plain search, with few and many matches, and now and then a small page. */
function criteria(world: World, type: string): Pair[] {
  const { dice } = world;
  const some = dice.times(2, () => criterion(world, type));
  return dice.chance(0.3) ? [...some, ['_count', dice.pick(['1', '2', '5'])]] : some;
}

function search(world: World, channel: string, extra: readonly Pair[] = [], type = typeOf(world)): Ask {
  return { channel, method: 'GET', path: type, query: [...criteria(world, type), ...extra] };
}

/** `_has` along links that are there, by way of one that is hidden if there is such a one. */
function hasAlong({ dice, links, hidden }: World, hops: number): Ask | undefined {
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
function chainAlong({ dice, links, hidden }: World): Ask | undefined {
  const ways = links.filter(({ to }) => hidden.has(keyText(to)));
  if (ways.length === 0) return undefined;
  const { from, code, to } = dice.pick(ways);
  return { channel: 'chain', method: 'GET', path: from.type, query: [[`${code}:${to.type}._id`, to.id]] };
}

function joined(world: World, channel: string, make: (world: World, type: string, hops: number) => string | undefined, hops: number): Ask {
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

function include(world: World, channel: string, name: string): Ask {
  const { dice } = world;
  const type = typeOf(world);
  const parameter = parameterOf(world, type, isLink);
  return search(world, channel, parameter ? [[name, `${type}:${dice.pick([parameter.code, '*'])}`]] : [[name, '*']], type);
}

function revinclude(world: World, channel: string): Ask {
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

const json = (value: unknown) => ({ kind: 'fhir', text: JSON.stringify(value) }) as const;
const writable = ['Observation', 'Condition', 'Encounter'];

function body(world: World, type: string, id?: string): Record<string, unknown> {
  const { dice } = world;
  const home = SUBJECT[type];
  const extra = type === 'Observation' && dice.chance(0.4) ? { hasMember: [{ reference: keyText(keyOf(world)) }] } : {};
  return {
    resourceType: type,
    ...(id !== undefined && { id }),
    ...VALID[type],
    ...extra,
    ...(home && { [home]: { reference: dice.chance(0.7) ? 'Patient/a' : dice.pick(PATIENTS) } }),
    ...(type === 'Observation' && { code: { coding: [{ system: 'http://s', code: dice.pick(CODES) }] } }),
  };
}

const ofType = (world: World, type: string) => world.dice.pick(world.keys.filter((key) => key.type === type)).id;
const condition = (world: World, type: string) =>
  world.dice.pick([`_id=${ofType(world, type)}`, new URLSearchParams([criterion(world, type) as [string, string]]).toString()]);

function write(world: World): Ask {
  const { dice } = world;
  const type = dice.pick(writable);
  const id = ofType(world, type);
  const channel = 'write';
  return dice.pickOne<Ask>([
    () => ({ channel, method: 'POST', path: type, body: json(body(world, type)) }),
    () => ({
      channel,
      method: 'PUT',
      path: `${type}/${id}`,
      body: json(body(world, type, id)),
      ...(dice.chance(0.3) && { ifMatch: 'W/"1"' }),
    }),
    () => ({ channel, method: 'PATCH', path: `${type}/${id}`, body: patchBody(world, type) }),
    () => ({ channel, method: 'DELETE', path: `${type}/${id}` }),
  ]);
}

const patchBody = (world: World, type: string) => {
  const operation = world.dice.chance(0.5)
    ? { op: 'replace', path: `/${SUBJECT[type]}/reference`, value: world.dice.pick(PATIENTS) }
    : { op: 'add', path: '/language', value: 'en' };
  return { kind: 'json-patch', text: JSON.stringify([operation]) } as const;
};

function conditional(world: World): Ask {
  const { dice } = world;
  const type = dice.pick(writable);
  const query = [...new URLSearchParams(condition(world, type))];
  const channel = 'conditional';
  return dice.pickOne<Ask>([
    () => ({ channel, method: 'POST', path: type, body: json(body(world, type)), ifNoneExist: condition(world, type) }),
    () => ({
      channel,
      method: 'PUT',
      path: type,
      query,
      body: json(body(world, type, dice.chance(0.4) ? ofType(world, type) : undefined)),
    }),
    () => ({ channel, method: 'PATCH', path: type, query, body: patchBody(world, type) }),
    () => ({ channel, method: 'DELETE', path: type, query: [['_id', ofType(world, type)]] }),
  ]);
}

function bundle(world: World): Ask {
  const { dice } = world;
  const type = dice.pick(['batch', 'transaction']);
  const entry = dice.times(3, () => {
    const made = dice.pickOne([() => write(world), () => conditional(world), () => read(world), () => search(world, 'bundle')]);
    const query = new URLSearchParams((made.query ?? []) as [string, string][]).toString();
    const text = made.body?.kind === 'fhir' ? made.body.text : undefined;
    const patch =
      made.body?.kind === 'json-patch'
        ? { resourceType: 'Binary', contentType: 'application/json-patch+json', data: Buffer.from(made.body.text).toString('base64') }
        : undefined;
    return {
      ...(text && { resource: JSON.parse(text) }),
      ...(patch && { resource: patch }),
      request: {
        method: made.method,
        url: `${made.path}${query && `?${query}`}`,
        ...(made.ifNoneExist && { ifNoneExist: made.ifNoneExist }),
      },
    };
  });
  return { channel: 'bundle', method: 'POST', path: '', body: json({ resourceType: 'Bundle', type, entry }) };
}

function read(world: World): Ask {
  return { channel: 'read', method: 'GET', path: keyText(keyOf(world)) };
}

/** One maker for each channel of the list in the security notes that this server has. */
export const CHANNELS: Readonly<Record<string, (world: World) => Ask>> = {
  read,
  vread: (world) => ({ channel: 'vread', method: 'GET', path: `${keyText(keyOf(world))}/_history/${world.dice.whole(1, 5)}` }),
  'history-instance': (world) => ({ channel: 'history-instance', method: 'GET', path: `${keyText(keyOf(world))}/_history` }),
  'history-type': (world) => ({
    channel: 'history-type',
    method: 'GET',
    path: `${typeOf(world)}/_history`,
    query: [['_count', world.dice.pick(['1', '3', '100'])]],
  }),
  'history-system': (world) => ({
    channel: 'history-system',
    method: 'GET',
    path: '_history',
    query: [['_count', world.dice.pick(['3', '20'])]],
  }),
  'search-type': (world) => search(world, 'search-type'),
  'search-system': (world) => ({
    channel: 'search-system',
    method: 'GET',
    path: '',
    query: [
      world.dice.pick<Pair>([
        ['_id', ofType(world, 'Observation')],
        ['_lastUpdated', 'gt2024-01-01'],
        ['_type', 'Observation,Condition,Encounter'],
      ]),
      ['_count', '10'],
    ],
  }),
  post: (world) => {
    const { path, query = [] } = search(world, 'post');
    return { channel: 'post', method: 'POST', path: `${path}/_search`, body: { kind: 'form', pairs: query } };
  },
  compartment: (world) => ({
    channel: 'compartment',
    method: 'GET',
    path: `${world.dice.pick([...PATIENTS, `Encounter/${ofType(world, 'Encounter')}`])}/${typeOf(world)}`,
  }),
  include: (world) => include(world, 'include', '_include'),
  'include-iterate': (world) => include(world, 'include-iterate', '_include:iterate'),
  revinclude: (world) => revinclude(world, 'revinclude'),
  wildcard: (world) => search(world, 'wildcard', [[world.dice.pick(['_include', '_include:iterate', '_revinclude']), '*']]),
  chain: (world) => (world.dice.chance(0.4) ? chainAlong(world) : undefined) ?? joined(world, 'chain', chain, world.dice.whole(1, 3)),
  has: (world) => (world.dice.chance(0.4) ? hasAlong(world, 1) : undefined) ?? joined(world, 'has', has, 1),
  'has-of-has': (world) => (world.dice.chance(0.5) ? hasAlong(world, 2) : undefined) ?? joined(world, 'has-of-has', has, 2),
  sort: (world) => {
    const type = typeOf(world);
    const keys = [parameterOf(world, type)?.code ?? '_id', 'subject:Patient.name', '_lastUpdated'];
    return search(
      world,
      'sort',
      [
        ['_sort', `${world.dice.pick(['', '-'])}${world.dice.pick(keys)}`],
        ['_count', '3'],
      ],
      type,
    );
  },
  total: (world) =>
    search(world, 'total', [
      world.dice.pick<Pair>([
        ['_total', 'accurate'],
        ['_total', 'estimate'],
        ['_summary', 'count'],
        ['_count', '0'],
      ]),
    ]),
  'foreign-cursor': (world) => {
    const path = world.dice.pick(['Observation', 'Condition', 'Encounter', 'Observation/_history']);
    return { channel: 'foreign-cursor', method: 'GET', path, query: [['_count', '1']] };
  },
  everything: (world) => {
    const owner = world.dice.pick([...PATIENTS, `Encounter/${ofType(world, 'Encounter')}`]);
    return { channel: 'everything', method: 'GET', path: `${owner}/$everything`, query: world.dice.chance(0.5) ? [['_count', '7']] : [] };
  },
  lastn: (world) => ({
    channel: 'lastn',
    method: 'GET',
    path: 'Observation/$lastn',
    query: [['patient', world.dice.pick(PATIENTS)], ...world.dice.times(1, (): Pair => ['code', world.dice.pick(CODES)])],
  }),
  validate: (world) => ({
    channel: 'validate',
    method: 'GET',
    path: `${keyText(keyOf(world))}/$validate`,
    query: [['mode', world.dice.pick(['update', 'delete', 'profile'])]],
  }),
  write,
  conditional,
  bundle,
  binary: (world) => {
    const id = world.dice.pick(['a', 'b']);
    return world.dice.pickOne<Ask>([
      () => ({ channel: 'binary', method: 'GET', path: `Binary/${id}-binary` }),
      () => ({
        channel: 'binary',
        method: 'POST',
        path: 'Binary',
        body: json({
          resourceType: 'Binary',
          contentType: 'text/plain',
          data: 'YQ==',
          securityContext: { reference: world.dice.pick([...PATIENTS, `DocumentReference/${id}-documentreference`]) },
        }),
      }),
    ]);
  },
  subset: (world) => ({ ...read(world), channel: 'subset', query: [['_elements', 'id,subject']], ifNoneMatch: 'W/"1"' }),
};

export function randomAsk(world: World, channels: readonly string[] = Object.keys(CHANNELS)): Ask {
  return CHANNELS[world.dice.pick(channels)]?.(world) as Ask;
}
