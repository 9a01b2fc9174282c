/** Random resources and searches, with near misses: `50%_x` beside `50aabx`, two ranges of which neither fits alone. */
import type { RangeEntry, ResourceDraft, SortScalar } from '../../src/model/resource.ts';
import type { BoundCondition, SearchExpression } from '../../src/search/expression/expression.ts';
import { simplify } from '../../src/search/plan/simplify.ts';
import { type ContractTypes, keyOf, type Scene } from '../../src/store/contract/scene.ts';
import type { GroupKey, HistoryRequest, SortKey, StoreAggregate, StoreSearch } from '../../src/store/store.ts';
import type { Dice } from './dice.ts';

const TEXTS = [
  '50%_x',
  '50aabx',
  '50%',
  'a.c',
  'abc',
  'A.C',
  'a\\c',
  'zoë',
  'zoe',
  'zo\u{1F600}',
  'zo\uFFFD',
  'z',
  '',
  "' or 1=1",
  '{"$gt":""}',
  '^a',
  '.name=z',
  'é',
];
const PARAMETERS = ['name', 'name2'];
/** Of full text: `pain` is in `pains`, and order tells phrases apart. */
const WORDS = ['pain', 'pains', 'chest', 'zoë', 'a.c'];
const runOf = (words: readonly string[]) => ` ${words.join(' ')} `;
/** Codes of a patient have an index of their own; with its system a code only narrows what it finds by itself. */
const CODES = ['8867-4', 'a|b', '8867'];
const SYSTEMS = ['http://loinc.org', 'urn:x'];
const RANGES = ['date', 'value', 'value|u|kg', 'date2'];
/** A key that only narrows stands beside one that does not. */
const NARROWING = ['value|u|kg', '*value'];
const NUMBERS = [-8.64e15, -1e9, -1, 0, 0.3, 0.30000000000000004, 1, 2, 3, 5, 1.7e12, 1.7e12 + 1, 8.64e15];
const LATITUDES = [-90, -0.5, 0, 0.5, 47.3, 47.4, 90];
const LONGITUDES = [-180, -179.9, -0.5, 0, 0.5, 8.5, 8.6, 179.9, 180];
const DISTANCES_KM = [0.001, 8, 15, 30, 100, 9_000, 30_000];
const SORTABLE = ['date', 'name', 'value'];
/** Of those that no resource has two values of. */
const SINGLE = 'value';
/** Of at most 15 significant digits, which every store adds up exactly. */
const AMOUNTS = [-1.5, 0, 0.1, 0.2, 0.3, 5, 1234567.89, 1e-7, 1e20];
const AMOUNT_UNITS = ['', '|kg', 'http://u|kg', 'urn:iso:std:iso:4217|USD'];
const PATIENTS = ['p', 'q', 'r', 's'];

/** A corner of the stores that holds `resources` resources in all their versions. */
export interface World {
  readonly scene: Scene;
  readonly types: ContractTypes;
  /** Each resource's versions in order; deletions too. */
  readonly versions: readonly ResourceDraft[];
}

function rangeEntry(dice: Dice): RangeEntry {
  const [a, b] = [dice.pick(NUMBERS), dice.pick(NUMBERS)];
  const isPoint = dice.chance(0.4);
  return { k: dice.pick(RANGES), lo: Math.min(a, b), hi: isPoint ? Math.min(a, b) : Math.max(a, b) };
}

function narrowingRange(dice: Dice): RangeEntry[] {
  const { lo, hi } = rangeEntry(dice);
  return dice.chance(0.4) ? NARROWING.map((k) => ({ k, lo, hi })) : [];
}

function code(dice: Dice): string[] {
  const own = dice.pick(CODES);
  return [`code~${own}`, ...(dice.chance(0.7) ? [`code^${dice.pick(SYSTEMS)}|${own}`] : [])];
}

/** Both coordinates, seldom only one. */
function position(dice: Dice): RangeEntry[] {
  const at = (name: string, degrees: number) => (dice.chance(0.95) ? [{ k: `near|${name}`, lo: degrees, hi: degrees }] : []);
  return dice.chance(0.4) ? [...at('latitude', dice.pick(LATITUDES)), ...at('longitude', dice.pick(LONGITUDES))] : [];
}

const near = (dice: Dice, type: string): SearchExpression => ({
  kind: 'near',
  keys: { latitude: `${type}.near|latitude`, longitude: `${type}.near|longitude` },
  latitude: dice.pick(LATITUDES),
  longitude: dice.pick(LONGITUDES),
  kilometres: dice.pick(DISTANCES_KM),
});

const stringEntry = (dice: Dice) =>
  `${dice.pick(PARAMETERS)}${dice.pick(['=', '~'])}${dice.pick(TEXTS)}${dice.chance(0.2) ? `\u001f${dice.pick(TEXTS)}` : ''}`;

/** Words, and the run of them that phrases are looked for in: see `extract/words.ts`. */
function fullText(dice: Dice): string[] {
  const words = dice.times(5, () => dice.pick(WORDS));
  return [...[...new Set(words)].map((word) => `words=${word}`), `words:text=${runOf(words)}`];
}

function phrase(dice: Dice, type: string): SearchExpression {
  const words = [dice.pick(WORDS), dice.pick(WORDS)];
  const each = [...new Set(words)].map((word): SearchExpression => ({ kind: 'equals', entry: `${type}.words=${word}` }));
  return { kind: 'and', of: [...each, { kind: 'contains', start: `${type}.words:text=`, text: runOf(words) }] };
}

function amount(dice: Dice): SortScalar {
  const value = dice.pick(AMOUNTS);
  return { min: value, max: value, ...(dice.chance(0.8) && { unit: dice.pick(AMOUNT_UNITS) }) };
}

function scalars(dice: Dice): ResourceDraft['index']['o'] {
  const texts = [dice.pick(TEXTS), dice.pick(TEXTS)].sort();
  const numbers = [dice.pick(NUMBERS), dice.pick(NUMBERS)].sort((a, b) => a - b);
  return {
    ...(dice.chance(0.7) && { name: { min: texts[0] ?? '', max: texts[1] ?? '' } }),
    ...(dice.chance(0.7) && { date: { min: numbers[0] ?? 0, max: numbers[1] ?? 0 } }),
    ...(dice.chance(0.3) && { value: { min: numbers[0] ?? 0, max: numbers[0] ?? 0 } }),
    ...(dice.chance(0.6) && { amount: amount(dice) }),
  };
}

function wish(dice: Dice, scene: Scene, type: string) {
  const patients = dice.some(PATIENTS, 0.3).map((name) => `${name}${scene.tag}`);
  const codes = dice.times(2, () => code(dice)).flat();
  const s = [...new Set([...dice.times(8, () => stringEntry(dice)), ...codes, ...(dice.chance(0.5) ? fullText(dice) : [])])];
  const d = dice.chance(0.8) ? dice.whole(Date.UTC(2015, 0), Date.UTC(2026, 0)) : null;
  return {
    type,
    patients: dice.shuffled(patients),
    s,
    r: [...dice.times(4, () => rangeEntry(dice)), ...narrowingRange(dice), ...position(dice)],
    o: scalars(dice),
    d,
  };
}

/** Resources of both types: some replaced (often by another patient's), some deleted, some back again. */
export function generateWorld(dice: Dice, scene: Scene, resources: number): World {
  const versions: ResourceDraft[] = [];
  for (let i = 0; i < resources; i++) {
    const type = dice.chance(0.7) ? scene.types.a : scene.types.b;
    // Chosen ids come in pairs that differ in case only.
    const id = `${i % 2 ? 'x' : 'X'}${i >> 1}-${scene.tag}`;
    // Several versions in one millisecond, as a transaction makes them.
    let last = scene.draft({ ...wish(dice, scene, type), at: scene.at(1_000 * (i >> 2)), ...(dice.chance(0.6) && { id }) });
    versions.push(last);
    while (dice.chance(0.3)) {
      const at = last.at + 1_000 * dice.whole(1, 4);
      last = dice.chance(0.3) && !last.deleted ? { ...scene.deletion(last), at } : scene.next(last, { ...wish(dice, scene, type), at });
      versions.push(last);
    }
  }
  return { scene, types: scene.types, versions };
}

/** Without its last character; never half of a surrogate pair, which no request can hold. */
const shortened = (text: string) => [...text].slice(0, -1).join('');

function condition(dice: Dice): BoundCondition {
  return { bound: dice.pick(['lo', 'hi'] as const), op: dice.pick(['lt', 'le', 'gt', 'ge'] as const), value: dice.pick(NUMBERS) };
}

const hasAll = (type: string, entries: readonly string[]): SearchExpression => ({
  kind: 'and',
  of: entries.map((entry) => ({ kind: 'equals', entry: `${type}.${entry}` })),
});

function leaf(dice: Dice, world: World, type: string): SearchExpression {
  const { scene, versions } = world;
  const someIds = () => dice.times(3, () => dice.pick(versions).id);
  const times = () => dice.pick(versions).at;
  const entry = () => `${type}.${stringEntry(dice)}`;
  return dice.pickOne<SearchExpression>([
    () => ({ kind: 'equals', entry: entry() }),
    () => ({ kind: 'equals', entry: entry() }),
    () => ({ kind: 'among', entries: dice.times(4, entry) }),
    () => ({ kind: 'prefix', entry: dice.chance(0.5) ? entry() : shortened(entry()) }),
    () => ({ kind: 'contains', start: `${type}.${dice.pick(PARAMETERS)}${dice.pick(['=', '~'])}`, text: shortened(dice.pick(TEXTS)) }),
    () => ({
      kind: 'contains',
      start: `${type}.${dice.pick(PARAMETERS)}=`,
      text: dice.pick(['x', 'c', '%_x', 'oe', '\u{1F600}', '.C', 'z']),
      isEnd: true,
    }),
    () => ({ kind: 'range', key: `${type}.${dice.pick(RANGES)}`, conditions: dice.times(2, () => condition(dice)) }),
    () => ({ kind: 'range', key: `${type}.${dice.pick(RANGES)}`, conditions: [condition(dice), condition(dice)] }),
    () => ({ kind: 'range', key: keyOf(type, '*value'), conditions: dice.times(2, () => condition(dice)) }),
    () => hasAll(type, code(dice)),
    () => near(dice, type),
    () => phrase(dice, type),
    () => ({ kind: 'ids', ids: someIds() }),
    () => ({ kind: 'types', types: dice.some([world.types.a, world.types.b], 0.5) }),
    () => ({ kind: 'patient', reference: `Patient/${dice.pick(PATIENTS)}${scene.tag}` }),
    () => ({
      kind: dice.pick(['patients', 'patients-only'] as const),
      references: dice.some(PATIENTS, 0.5).map((id) => `Patient/${id}${scene.tag}`),
    }),
    () => ({ kind: 'updated', conditions: [{ ...condition(dice), value: times() }] }),
    () => ({ kind: dice.pick(['everything', 'nothing'] as const) }),
  ]);
}

function expression(dice: Dice, world: World, type: string, depth: number): SearchExpression {
  if (depth === 0 || dice.chance(0.35)) return leaf(dice, world, type);
  const inner = () => expression(dice, world, type, depth - 1);
  return dice.pickOne<SearchExpression>([
    () => ({ kind: 'and', of: dice.times(3, inner) }),
    () => ({ kind: 'or', of: dice.times(3, inner) }),
    () => ({ kind: 'not', of: inner() }),
  ]);
}

function sortKeys(dice: Dice): SortKey[] {
  const keys = dice.some([...SORTABLE, '_id', '_lastUpdated'], 0.25).map((parameter) => ({
    parameter,
    descending: dice.chance(0.5),
    ...(parameter === SINGLE && dice.chance(0.7) && { isSingle: true as const }),
  }));
  return [...dice.shuffled(keys), { parameter: '_identity', descending: dice.chance(0.3) }];
}

/** A page of one tells most of cursors and costs most: a few are enough. */
const LIMITS = [1, 2, 5, 7, 7, 11, 20, 20, 30, 30, 1000, 1000, 1000, 1000, 1000, 1000, 1000, 1000, 1000, 1000];

/** A search within the world: nothing outside it can match. Requests come simplified, and by code where they name a patient. */
export function generateSearch(dice: Dice, world: World): StoreSearch {
  const { types, scene } = world;
  const searched = dice.pick([[types.a], [types.a], [types.b], [types.a, types.b]]);
  const patient = dice.chance(0.3) ? `Patient/${dice.pick(PATIENTS)}${scene.tag}` : undefined;
  const isByCode = patient !== undefined && dice.chance(0.5);
  const asked = (type: string): SearchExpression => {
    const own = expression(dice, world, type, isByCode ? 1 : 3);
    return scene.mine(isByCode ? { kind: 'and', of: [hasAll(type, code(dice)), own] } : own, type);
  };
  const perType = searched.map(asked);
  const where: SearchExpression = perType.length === 1 && perType[0] ? perType[0] : { kind: 'or', of: perType };
  const whole: SearchExpression = patient ? { kind: 'and', of: [{ kind: 'patient', reference: patient }, where] } : where;
  const narrowed = dice.chance(0.5) ? simplify(whole) : whole;
  return { types: searched, where: narrowed, sort: sortKeys(dice), limit: dice.pick(LIMITS), ...(patient && { patient }) };
}

/** A history of one resource, or of types or everything within the world's time. */
export function generateHistory(dice: Dice, { scene, types, versions }: World): HistoryRequest {
  const time = () => dice.pick(versions).at + dice.pick([-1, 0, 0, 1]);
  const [from, to] = [time(), time()].sort((a, b) => a - b) as [number, number];
  const some = dice.pick(versions);
  return {
    ...dice.pick([{ types: [some.type], id: some.id }, { types: [types.a] }, { types: [types.a, types.b] }, {}]),
    since: dice.chance(0.5) ? Math.max(from, scene.at(0)) : scene.at(0),
    until: dice.chance(0.5) ? to : scene.at(90_000_000),
    ...(dice.chance(0.5) && { during: { from: time(), to: time() } }),
    limit: dice.pick([1, 2, 5, 1000]),
  };
}

function groupKey(dice: Dice, type: string): GroupKey {
  const start = () => `${type}.${dice.pick(PARAMETERS)}${dice.pick(['=', '~', '=a', '='])}`;
  return dice.pickOne<GroupKey>([
    () => ({ kind: 'entry', starts: [start()] }),
    () => ({ kind: 'entry', starts: [start(), start()] }),
    () => ({
      kind: 'time',
      parameter: dice.pick(['date', 'name', 'value', '_lastUpdated']),
      unit: dice.pick(['year', 'month', 'week', 'day'] as const),
    }),
  ]);
}

/** The groups of a random search of one type. */
export function generateAggregate(dice: Dice, world: World): StoreAggregate {
  const { types, where, patient } = generateSearch(dice, world);
  const [type = ''] = types;
  return {
    types: [type],
    where,
    ...(patient && { patient }),
    groups: dice.times(3, () => groupKey(dice, type)),
    ...(dice.chance(0.6) && { measure: 'amount' }),
    limit: dice.chance(0.1) ? dice.whole(1, 4) : 1_000,
  };
}
