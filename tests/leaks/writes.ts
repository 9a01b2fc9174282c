/** Writes at random, plain, on condition and in Bundles: what a write tells of what is there is a channel too. */
import { keyText } from '../../src/model/resource.ts';
import { criterion, keyOf, PATIENTS, type Pair, search } from './criteria.ts';
import type { Ask } from './side.ts';
import { CODES, SUBJECT, VALID, type World } from './world.ts';

export const json = (value: unknown) => ({ kind: 'fhir', text: JSON.stringify(value) }) as const;
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

export const ofType = (world: World, type: string) => world.dice.pick(world.keys.filter((key) => key.type === type)).id;
const condition = (world: World, type: string) =>
  world.dice.pick([`_id=${ofType(world, type)}`, new URLSearchParams([criterion(world, type) as [string, string]]).toString()]);

export function write(world: World): Ask {
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

type Conditional = 'conditional-create' | 'conditional-update' | 'conditional-patch' | 'conditional-delete';

/** Each form of a write on condition. */
export const CONDITIONAL: Readonly<Record<Conditional, (world: World) => Ask>> = {
  'conditional-create': (world) => {
    const type = world.dice.pick(writable);
    const ifNoneExist = condition(world, type);
    return { channel: 'conditional-create', method: 'POST', path: type, body: json(body(world, type)), ifNoneExist };
  },
  'conditional-update': (world) => {
    const type = world.dice.pick(writable);
    const id = world.dice.chance(0.4) ? ofType(world, type) : undefined;
    return { ...onCondition(world, 'conditional-update', type), method: 'PUT', body: json(body(world, type, id)) };
  },
  'conditional-patch': (world) => {
    const type = world.dice.pick(writable);
    return { ...onCondition(world, 'conditional-patch', type), method: 'PATCH', body: patchBody(world, type) };
  },
  'conditional-delete': (world) => {
    const type = world.dice.pick(writable);
    const query: Pair[] = [['_id', ofType(world, type)]];
    return { channel: 'conditional-delete', method: 'DELETE', path: type, query, prefer: 'OperationOutcome' };
  },
};

const onCondition = (world: World, channel: string, type: string) => ({
  channel,
  path: type,
  query: [...new URLSearchParams(condition(world, type))],
});

export function bundle(world: World): Ask {
  const { dice } = world;
  const type = dice.pick(['batch', 'transaction']);
  const entry = dice.times(3, () => {
    const made = dice.pickOne([
      () => write(world),
      () => world.dice.pick(Object.values(CONDITIONAL))(world),
      () => read(world),
      () => search(world, 'bundle'),
    ]);
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

export function read(world: World): Ask {
  return { channel: 'read', method: 'GET', path: keyText(keyOf(world)) };
}
