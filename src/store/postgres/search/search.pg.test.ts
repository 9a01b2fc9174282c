import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { testPostgres } from '../../../../tests/support/databases.ts';
import type { RangeEntry, ResourceDraft } from '../../../model/resource.ts';
import type { BoundCondition, SearchExpression } from '../../../search/expression/expression.ts';
import { printExpression } from '../../../search/expression/print.ts';
import { BEGINNING } from '../../../search/parameters/extract/date.ts';
import { create, createScene } from '../../contract/scene.ts';
import { createMemoryStore } from '../../memory/memory-store.ts';
import type { ResourceStore, SearchMatch, SortKey, StoreSearch } from '../../store.ts';
import { createPostgresStore, type PostgresStore } from '../postgres-store.ts';

/** Random searches on both stores: the reference says what is right. `SEED` repeats a run, `ROUNDS` makes it longer. */
const SEED = Number(process.env.SEED ?? Date.now() % 1_000_000);
const ROUNDS = Number(process.env.ROUNDS ?? 100);

const { databaseUrl } = await testPostgres();
const types = { a: 'Encounter', b: 'Claim' };
const memory = createMemoryStore();
let store: PostgresStore;
let state = SEED;

function below(n: number): number {
  state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
  return Math.floor((state / 2 ** 32) * n);
}
const pick = <T>(list: readonly T[]): T => list[below(list.length)] as T;
const some = <T>(list: readonly T[], n: number): T[] => [...new Set(Array.from({ length: below(n + 1) }, () => pick(list)))];

const YEAR = 365 * 86_400_000;
const TEXTS = [
  'a',
  'ab',
  "a'b",
  'a\\',
  'a%',
  'a_b',
  'Ab',
  'zoë',
  '\u{1F600}',
  '\uE000',
  ' a ',
  'a:*',
  'a & b',
  '"a"',
  'x'.repeat(700),
  `${'x'.repeat(700)}y`,
];
const TIMES = Array.from({ length: 12 }, (_, i) => Date.UTC(2018, 0) + i * (YEAR / 4));
const ENDS = [-8.64e15, ...TIMES, 8.64e15];
const PATIENTS = ['p1', 'p2', 'p3'];

function range(k: string, values: readonly number[]) {
  const [one, two] = [pick(values), pick(values)];
  return { k, lo: Math.min(one, two), hi: Math.max(one, two) };
}

/** What the indexer says of a date. */
function sortedBy(main: string, dates: readonly RangeEntry[]) {
  const times = dates.map(({ lo, hi }) => (lo === BEGINNING ? hi : lo));
  return times.length === 0 ? {} : { [main]: { min: Math.min(...times), max: Math.max(...times) } };
}

const scene = createScene(types);
const drafts: ResourceDraft[] = Array.from({ length: 160 }, (_, i) => {
  const type = i % 3 ? types.a : types.b;
  const main = type === types.a ? 'date' : 'created';
  const dates = below(10) < 2 ? [] : below(10) < 2 ? [range(main, ENDS), range(main, TIMES)] : [range(main, ENDS)];
  const sortValue = () => pick<number | string>([1, 2, -3.5, 1e300, 'a', 'B', '\u{1F600}', '\uE000']);
  return scene.draft({
    type,
    patients: some(PATIENTS, 2),
    at: scene.at(below(40) * 1000),
    s: some(TEXTS, 4).map((text) => `t=${text}`),
    r: [...dates, ...some(['n', 'm'], 2).map((k) => range(k, [0, 1, 1.5, 2, Number.MAX_VALUE]))],
    d: pick([...TIMES, null]),
    o: { ...Object.fromEntries(some(['x', 'y'], 2).map((k) => [k, { min: sortValue(), max: sortValue() }])), ...sortedBy(main, dates) },
  });
});

function bounds(values: readonly number[]): BoundCondition[] {
  return Array.from({ length: below(4) }, () => ({
    bound: pick(['lo', 'hi'] as const),
    op: pick(['lt', 'le', 'gt', 'ge'] as const),
    value: pick(values) + pick([0, 0, 0.5, -1]),
  }));
}

function expression(depth: number): SearchExpression {
  const type = pick([types.a, types.a, types.b]);
  const leaves: readonly (() => SearchExpression)[] = [
    () => ({ kind: 'equals', entry: `${type}.t=${pick(TEXTS)}` }),
    () => ({ kind: 'prefix', entry: `${type}.t=${[...pick(TEXTS)].slice(0, pick([1, 2, 50])).join('')}` }),
    () => ({ kind: 'range', key: `${type}.${pick(['date', 'created'])}`, conditions: bounds(ENDS) }),
    () => ({ kind: 'range', key: `${type}.${pick(['n', 'm', 'none'])}`, conditions: bounds([0, 1, 1.5, 2]) }),
    () => ({ kind: 'ids', ids: some(drafts, 9).map(({ id }) => id) }),
    () => ({ kind: 'patient', reference: `Patient/${pick(PATIENTS)}` }),
    () => ({ kind: 'updated', conditions: bounds([scene.at(0), scene.at(9_000), scene.at(20_000)]) }),
    () => pick<SearchExpression>([{ kind: 'everything' }, { kind: 'nothing' }]),
  ];
  if (depth === 0 || below(3) === 0) return pick(leaves)();
  const of = Array.from({ length: below(3) + 1 }, () => expression(depth - 1));
  return pick<() => SearchExpression>([
    () => ({ kind: 'and', of }),
    () => ({ kind: 'or', of }),
    () => ({ kind: 'not', of: of[0] as SearchExpression }),
  ])();
}

function search(): StoreSearch {
  const keys: readonly SortKey[] = ['x', 'y', 'date', 'created', '_id', '_lastUpdated', 'none'].map((parameter) => ({
    parameter,
    descending: below(2) === 1,
  }));
  return {
    types: pick([[types.a], [types.b], [types.a, types.b]]),
    where: expression(3),
    sort: [...some(keys, 2), { parameter: '_identity', descending: false }],
    limit: pick([1, 7, 200]),
    ...(below(4) === 0 && { patient: `Patient/${pick(PATIENTS)}` }),
  };
}

async function pages(of: ResourceStore, wanted: StoreSearch): Promise<SearchMatch[]> {
  const all: SearchMatch[] = [];
  for (;;) {
    const after = all.at(-1)?.sortValues;
    const page = await of.search({ ...wanted, ...(after && { after }) });
    all.push(...page);
    if (page.length < wanted.limit || all.length > 25) return all;
  }
}
const inShort = (matches: readonly SearchMatch[]) =>
  matches.map(({ resource, sortValues }) => ({ id: resource.id, version: resource.version, sortValues }));

beforeAll(async () => {
  store = createPostgresStore({ url: databaseUrl });
  await store.migrate();
  await memory.commit({ writes: drafts.map(create) });
  await store.commit({ writes: drafts.map(create) });
});
afterAll(() => store.close());

describe(`random searches answer as the reference does (SEED=${SEED} ROUNDS=${ROUNDS})`, () => {
  test('page by page, in order, and counted', async () => {
    for (let round = 0; round < ROUNDS; round++) {
      const wanted = search();
      const said = `round ${round}: ${wanted.types} ${printExpression(wanted.where)} ${JSON.stringify(wanted.sort)} ${wanted.patient ?? ''}`;
      expect(inShort(await pages(store, wanted)), said).toEqual(inShort(await pages(memory, wanted)));
      expect(await store.count(wanted), said).toBe(await memory.count(wanted));
    }
  }, 120_000);

  test('in the order of the own date, forward and back', async () => {
    for (const type of [types.a, types.b]) {
      for (const descending of [true, false]) {
        const parameter = type === types.a ? 'date' : 'created';
        const sort = [
          { parameter, descending },
          { parameter: '_identity', descending: false },
        ];
        const wanted: StoreSearch = { types: [type], where: { kind: 'everything' }, sort, limit: 7 };
        const walk = async (of: ResourceStore, position: Pick<StoreSearch, 'backward' | 'after'>) => {
          const found: SearchMatch[] = [];
          for (;;) {
            const after = found.at(-1)?.sortValues ?? position.after;
            const page = await of.search({ ...wanted, ...position, ...(after && { after }) });
            found.push(...page);
            if (page.length < wanted.limit) return found;
          }
        };
        const expected = await walk(memory, {});
        expect(inShort(await walk(store, {}))).toEqual(inShort(expected));
        const back = { backward: true as const, after: expected.at(-1)?.sortValues as SearchMatch['sortValues'] };
        expect(inShort(await walk(store, back))).toEqual(inShort(expected.slice(0, -1).reverse()));
      }
    }
  });

  test('the order of the own date comes from an index', async () => {
    const sort = [
      { parameter: 'date', descending: true },
      { parameter: '_identity', descending: false },
    ];
    const [stage] = await store.explain({ types: [types.a], where: { kind: 'everything' }, sort, limit: 7 });
    expect(stage?.parts.flatMap(({ indexes }) => indexes).join()).toMatch(/admitted_at_idx/);
  });

  test('those of records that arrive together, too', async () => {
    for (let round = 0; round < ROUNDS / 10; round++) {
      const shapes = Array.from({ length: 3 }, search);
      const wanted = shapes.flatMap((shape) => PATIENTS.map((id) => ({ ...shape, patient: `Patient/${id}` })));
      const ask = (of: ResourceStore) => Promise.all(wanted.map((each) => pages(of, each)));
      const [found, expected] = await Promise.all([ask(store), ask(memory)]);
      for (const [at, each] of wanted.entries()) {
        const said = `round ${round}: ${each.types} ${printExpression(each.where)} ${JSON.stringify(each.sort)} ${each.patient}`;
        expect(inShort(found[at] ?? []), said).toEqual(inShort(expected[at] ?? []));
      }
    }
  }, 120_000);
});
