/** Random requests over the channels by which one patient's data could be learnt of from another's token. */
import { keyText } from '../../src/model/resource.ts';
import {
  chain,
  chainAlong,
  has,
  hasAlong,
  include,
  joined,
  keyOf,
  PATIENTS,
  type Pair,
  parameterOf,
  revinclude,
  search,
  typeOf,
} from './criteria.ts';
import { aggregate, chainedSort, filter, fullText, list, previous } from './search-forms.ts';
import type { Ask, Who } from './side.ts';
import { CODES, type World } from './world.ts';
import { bundle, CONDITIONAL, json, ofType, read, write } from './writes.ts';

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
  { scope: 'patient/*.rs system/$de-identify.r', patient: 'a' },
  { scope: 'patient/*.cud patient/Condition.s', patient: 'a' },
];

/** Another identity, whose cursors are tried. */
export const WARD: Who = { scope: 'user/*.cruds' };

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
  'sort-chain': chainedSort,
  previous,
  aggregate,
  filter,
  list,
  text: (world) => fullText(world, 'text'),
  content: (world) => fullText(world, 'content'),
  total: (world) =>
    search(world, 'total', [
      world.dice.pick<Pair>([
        ['_total', 'accurate'],
        ['_summary', 'count'],
        ['_count', '0'],
      ]),
    ]),
  estimate: (world) => search(world, 'estimate', [['_total', 'estimate'], ...world.dice.times(1, (): Pair => ['_summary', 'count'])]),
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
  'de-identify': (world) => ({
    channel: 'de-identify',
    method: 'GET',
    path: `${world.dice.pick(PATIENTS)}/$de-identify`,
    query: [['set', 'one']],
  }),
  validate: (world) => ({
    channel: 'validate',
    method: 'GET',
    path: `${keyText(keyOf(world))}/$validate`,
    query: [['mode', world.dice.pick(['update', 'delete', 'profile'])]],
  }),
  write,
  ...CONDITIONAL,
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
