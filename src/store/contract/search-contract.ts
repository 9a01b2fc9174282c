/** What every store must find: one meaning for each kind of expression. */
import { beforeAll, describe, expect, test } from 'vitest';
import type { ResourceDraft } from '../../model/resource.ts';
import type { BoundCondition, SearchExpression } from '../../search/expression/expression.ts';
import { matches } from '../../search/expression/match.ts';
import { printExpression } from '../../search/expression/print.ts';
import { simplify } from '../../search/plan/simplify.ts';
import type { ResourceStore } from '../store.ts';
import type { ContractTypes, DraftWish, Scene } from './scene.ts';
import { create, createScene, found, keyOf, save } from './scene.ts';

/** Near misses for every kind: wildcards and regular-expression characters, two ranges of which neither fits alone. */
function wishes(scene: Scene): DraftWish[] {
  const [p, q] = [`p${scene.tag}`, `q${scene.tag}`];
  return [
    { s: ['name=50%_x', 'code=http://loinc.org|8867-4', 'code~8867-4'], patients: [p], r: [{ k: 'date', lo: 10, hi: 19 }] },
    { s: ['name=50aabx', 'code=http://loinc.org|8867-40'], patients: [q, p], r: [{ k: 'date', lo: 20, hi: 29 }] },
    {
      s: ['name=a.c', 'name=x'],
      r: [
        { k: 'date', lo: 0, hi: 9 },
        { k: 'date', lo: 30, hi: 39 },
      ],
      d: Date.UTC(2024, 1),
    },
    {
      s: ['name=abc', 'NAME=a.c'],
      r: [
        { k: 'value|u|kg', lo: 10, hi: 19 },
        { k: '*value', lo: 10, hi: 19 },
        { k: 'date', lo: -8.64e15, hi: 8.64e15 },
      ],
    },
    { s: ['name=a\\c', 'name=zoë \u{1F600}', 'name={"$gt":""}', "name=' or 1=1 --"], r: [{ k: 'date', lo: 10.5, hi: 10.5 }] },
    {
      s: ['part~a', 'part~b'],
      r: ['~a', '^u|b', '^u|'].flatMap((token, at) => [
        { k: `pair$${token}|u|kg`, lo: at, hi: at },
        { k: `*pair$${token}`, lo: at, hi: at },
        { k: `value|u|US$${at}`, lo: at, hi: at },
        { k: '*value', lo: at, hi: at },
      ]),
    },
    {},
  ];
}

function conditionsOf(text: string): BoundCondition[] {
  return text.split(' ').map((part) => {
    const [bound, op, value] = part.split(':') as [BoundCondition['bound'], BoundCondition['op'], string];
    return { bound, op, value: Number(value) };
  });
}

function expressions(scene: Scene, drafts: readonly ResourceDraft[]): SearchExpression[] {
  const type = scene.types.a;
  const equals = (entry: string): SearchExpression => ({ kind: 'equals', entry: `${type}.${entry}` });
  const prefix = (entry: string): SearchExpression => ({ kind: 'prefix', entry: `${type}.${entry}` });
  const range = (key: string, text: string): SearchExpression => ({ kind: 'range', key: keyOf(type, key), conditions: conditionsOf(text) });
  const not = (of: SearchExpression): SearchExpression => ({ kind: 'not', of });
  const [p, q] = [`Patient/p${scene.tag}`, `Patient/q${scene.tag}`];
  const inner = range('date', 'lo:ge:5 hi:le:25');
  return [
    { kind: 'everything' },
    { kind: 'nothing' },
    ...['code=http://loinc.org|8867-4', 'code~8867-4', 'code=8867-4', 'name=a.c', 'name=50%_x', 'name={"$gt":""}', "name=' or 1=1 --"].map(
      equals,
    ),
    ...['name=50%', 'name=50', 'name=50%_', 'name=a.', 'name=a\\', 'name=zoë', 'name=', 'code=http://loinc.org|', 'missing='].map(prefix),
    { kind: 'among', entries: ['name=a.c', 'name=50aabx', 'name=never'].map((entry) => `${type}.${entry}`) },
    { kind: 'among', entries: Array.from({ length: 200 }, (_, index) => `${type}.name=${index === 150 ? "' or 1=1 --" : index}`) },
    { kind: 'among', entries: [] },
    not({ kind: 'among', entries: [`${type}.name=x`, `${type}.name=abc`] }),
    inner,
    range('date', 'hi:lt:20'),
    range('date', 'lo:gt:10'),
    range('date', 'lo:ge:10 lo:le:10'),
    range('date', 'lo:ge:10.5 hi:le:10.5'),
    range('date', 'lo:lt:-1000'),
    range('value|u|kg', 'lo:ge:10'),
    ...['*value', '*pair$~a', '*pair$^u|b', '*pair$^u|', 'pair$~a|u|kg', 'pair$^u||u|kg', 'value|u|US$1'].flatMap((key) =>
      ['lo:ge:0', 'lo:ge:1 hi:le:1', 'lo:ge:2'].map((conditions) => range(key, conditions)),
    ),
    { kind: 'range', key: `${type}.date`, conditions: [] },
    not(inner),
    not(equals('name=x')),
    not(prefix('name=')),
    not({ kind: 'and', of: [prefix('name=a'), inner] }),
    not({ kind: 'or', of: [prefix('name=a'), inner] }),
    not(not(prefix('name=a'))),
    { kind: 'and', of: [prefix('name=a'), not(equals('name=x'))] },
    { kind: 'or', of: [equals('name=x'), range('value|u|kg', 'hi:ge:19'), { kind: 'patient', reference: q }] },
    { kind: 'and', of: [] },
    { kind: 'or', of: [] },
    { kind: 'patient', reference: p },
    not({ kind: 'patient', reference: p }),
    { kind: 'patients', references: [p, 'Patient/never'] },
    { kind: 'patients', references: [p, q] },
    { kind: 'patients', references: [] },
    not({ kind: 'patients', references: [p, 'Patient/never'] }),
    { kind: 'patients-only', references: [p] },
    { kind: 'patients-only', references: [p, q] },
    { kind: 'patients-only', references: [] },
    not({ kind: 'patients-only', references: [q] }),
    { kind: 'ids', ids: [drafts[1]?.id ?? '', drafts[4]?.id ?? '', 'never'] },
    { kind: 'ids', ids: [] },
    not({ kind: 'ids', ids: [drafts[0]?.id ?? ''] }),
    { kind: 'updated', conditions: conditionsOf(`lo:ge:${drafts[2]?.at} hi:lt:${drafts[4]?.at}`) },
    not({ kind: 'updated', conditions: conditionsOf(`lo:ge:${drafts[2]?.at}`) }),
  ];
}

/** Each kind of expression, on data made to catch a wrong reading, against `match.ts`. */
export function describeSearch(storeOf: () => ResourceStore, types: ContractTypes): void {
  describe('search', () => {
    let scene: Scene;
    let drafts: ResourceDraft[];
    beforeAll(async () => {
      scene = createScene(types);
      drafts = wishes(scene).map((wish) => scene.draft(wish));
      const other = scene.draft({ type: types.b, s: ['name=a.c'] });
      const old = scene.draft({ s: ['name=50%_x'], r: [{ k: 'date', lo: 10, hi: 19 }] });
      await storeOf().commit({ writes: [...drafts, other, old].map(create) });
      await save(storeOf(), scene.deletion(old));
    });
    const idsOf = (list: readonly ResourceDraft[]) => list.map((draft) => draft.id).sort();

    test('each expression finds what match.ts says, and counts it', async () => {
      for (const where of expressions(scene, drafts)) {
        const expected = idsOf(drafts.filter((draft) => matches(where, draft)));
        const ids = (await found(storeOf(), scene.mine(where), [types.a])).sort();
        expect(ids, printExpression(where)).toEqual(expected);
        expect(await storeOf().count({ types: [types.a], where: scene.mine(where) }), printExpression(where)).toBe(expected.length);
      }
    });

    test('collects keys and entries of what matches, each once, up to the limit', async () => {
      const collect = async (prefixes?: readonly string[], limit = 100) =>
        [...(await storeOf().collect({ types: [types.a], where: scene.mine(undefined), limit, ...(prefixes && { prefixes }) }))].sort();
      expect(await collect()).toEqual(drafts.map((draft) => `${types.a}/${draft.id}`).sort());
      const wanted = [`${types.a}.name=50`, `${types.a}.name=a.`];
      expect(await collect(wanted)).toEqual([`${types.a}.name=50%_x`, `${types.a}.name=50aabx`, `${types.a}.name=a.c`]);
      expect(await collect([`${types.a}.name=5_`])).toEqual([]);
      expect(await collect(undefined, 2)).toHaveLength(2);
      const reference = `Patient/q${scene.tag}`;
      const inRecord = { types: [types.a], where: scene.mine({ kind: 'patient', reference }), patient: reference, limit: 9 };
      expect(await storeOf().collect(inRecord)).toEqual([`${types.a}/${drafts[1]?.id}`]);
      const ofBoth = { kind: 'or', of: [scene.mine(undefined, types.a), scene.mine(undefined, types.b)] } as const;
      expect(await storeOf().collect({ types: [types.a, types.b], where: ofBoth, limit: 100 })).toHaveLength(drafts.length + 1);
    });

    test('collects that arrive together each get their own', async () => {
      const wanted = ['name=a.c', 'name=x', 'name=50%_x', 'code=http://loinc.org|8867-40', 'never'].flatMap((entry) => [
        scene.mine({ kind: 'equals', entry: `${types.a}.${entry}` }),
        scene.mine({ kind: 'prefix', entry: `${types.a}.${entry.slice(0, 6)}` }),
      ]);
      const limits = wanted.map((_, index) => (index % 3 === 0 ? 1 : 10_001));
      const found = await Promise.all(
        [1, 2, 3].flatMap(() =>
          wanted.map((where, index) => storeOf().collect({ types: [types.a], where, limit: limits[index] as number })),
        ),
      );
      for (const [index, keys] of found.entries()) {
        const at = index % wanted.length;
        const own = drafts.filter((draft) => matches(wanted[at] as SearchExpression, draft)).map(({ id }) => `${types.a}/${id}`);
        if (own.length <= (limits[at] as number)) expect([...keys].sort()).toEqual(own.sort());
        else expect(own).toEqual(expect.arrayContaining([...keys]));
      }
      const ofNone = await Promise.all(wanted.map((where) => storeOf().collect({ types: [types.b], where, limit: 10 })));
      expect(ofNone.flat()).toEqual([]);
    });

    test('an old version is not found, the new one is', async () => {
      const draft = scene.draft({ s: ['turn=first'], r: [{ k: 'turn', lo: 1, hi: 1 }] });
      await save(storeOf(), draft, scene.next(draft, { s: ['turn=second'], r: [{ k: 'turn', lo: 2, hi: 2 }] }));
      const equals = (entry: string) => found(storeOf(), scene.mine({ kind: 'equals', entry: `${types.a}.${entry}` }), [types.a]);
      expect([await equals('turn=first'), await equals('turn=second')]).toEqual([[], [draft.id]]);
      const range = (value: number) => ({ kind: 'range', key: `${types.a}.turn`, conditions: [{ bound: 'lo', op: 'ge', value }] }) as const;
      expect(await found(storeOf(), scene.mine(range(2)), [types.a])).toEqual([draft.id]);
      await save(storeOf(), scene.deletion(scene.next(draft)));
    });

    test('of two types finds both', async () => {
      const where: SearchExpression = { kind: 'or', of: [scene.mine(undefined, types.a), scene.mine(undefined, types.b)] };
      const only = await found(storeOf(), where, [types.b]);
      expect(only).toHaveLength(1);
      expect((await found(storeOf(), where, [types.a, types.b])).sort()).toEqual([...idsOf(drafts), ...only].sort());
    });

    test('that names its patient finds the whole record, a resource of two patients in each', async () => {
      const record = async (patient: string) => {
        const reference = `Patient/${patient}${scene.tag}`;
        const search = { types: [types.a], where: scene.mine({ kind: 'patient', reference }), patient: reference };
        const page = await storeOf().search({ ...search, sort: [{ parameter: '_identity', descending: false }], limit: 10 });
        expect(await storeOf().count(search)).toBe(page.length);
        return page.map((match) => match.resource.id).sort();
      };
      expect(await record('p')).toEqual(idsOf(drafts.slice(0, 2)));
      expect(await record('q')).toEqual(idsOf(drafts.slice(1, 2)));
      expect(await record('nobody')).toEqual([]);
    });

    test('searches of records that arrive together each get their own', async () => {
      const [p, q, nobody] = ['p', 'q', 'nobody'].map((patient) => `Patient/${patient}2${scene.tag}`) as [string, string, string];
      const ids = (patients: readonly string[]) => patients.map((reference) => reference.slice('Patient/'.length));
      const measured = ['value|u|kg', '*value'].map((k) => ({ k, lo: 5, hi: 5 }));
      const own = [
        scene.draft({ patients: ids([p]), s: ['code~x', 'code^s|x', 'name=one'], r: measured }),
        scene.draft({ patients: ids([p, q]), s: ['code~x', 'code^t|x', 'code~y', 'code^s|y'] }),
        scene.draft({ patients: ids([q]), s: ['code~y', 'code^t|y', 'name=one'] }),
        scene.draft({ patients: ids([q, p]), s: ['code~x', 'code^s|x', 'code~z', 'code^s|z', 'name=two'] }),
        scene.draft({ type: types.b, patients: ids([p]), s: ['code~x', 'code^s|x'] }),
        scene.draft({ type: types.b, patients: ids([q, p]), s: ['code~y', 'name=one'] }),
      ];
      await storeOf().commit({ writes: own.map(create) });
      const conditionsOf = (type: string): SearchExpression[] => {
        const entry = (text: string): SearchExpression => ({ kind: 'equals', entry: `${type}.${text}` });
        const all = (...of: SearchExpression[]): SearchExpression => ({ kind: 'and', of });
        const atLeast = (key: string, value: number): SearchExpression => ({
          kind: 'range',
          key: keyOf(type, key),
          conditions: [{ bound: 'lo', op: 'ge', value }],
        });
        const not = (of: SearchExpression): SearchExpression => ({ kind: 'not', of });
        const [x, y, z, one] = ['code~x', 'code~y', 'code~z', 'name=one'].map(entry) as [
          SearchExpression,
          SearchExpression,
          SearchExpression,
          SearchExpression,
        ];
        return [
          ...[x, y, z, one, entry('code~never'), not(x), all(x, y)],
          ...[all(x, entry('code^s|x')), all(x, entry('code^t|x')), all(y, entry('code^s|y')), all(y, entry('code^t|y'))],
          ...[atLeast('value|u|kg', 4), atLeast('*value', 4), all(x, atLeast('*value', 6)), all(x, atLeast('value|u|kg', 6))],
          ...[all(x, one), all(x, not(one)), all(z, entry('name=two')), all(y, entry('code^t|y'), one)],
        ];
      };
      const asked = [p, q, nobody].flatMap((patient) =>
        [types.a, types.b].flatMap((type) => conditionsOf(type).map((where) => ({ patient, ofTypes: [type], where }))),
      );
      asked.push({ patient: p, ofTypes: [types.a, types.b], where: { kind: 'everything' } });
      const sort = [{ parameter: '_identity', descending: false }];
      // As they come, and those of one patient or one code next to each other: what travels together differs.
      const orders = [
        asked,
        [...asked].reverse(),
        asked.toSorted((a, b) => (printExpression(a.where) < printExpression(b.where) ? -1 : 1)),
      ];
      const found = await Promise.all(
        orders.flat().map(({ patient, ofTypes, where }) => {
          const inRecord = simplify({ kind: 'and', of: [{ kind: 'patient', reference: patient }, where] });
          return storeOf().search({ types: ofTypes, where: inRecord, patient, sort, limit: 10 });
        }),
      );
      for (const [index, page] of found.entries()) {
        const { patient, ofTypes, where } = orders.flat()[index] as (typeof asked)[number];
        const isMatch = (draft: ResourceDraft) =>
          ofTypes.includes(draft.type) && draft.index.patients.includes(patient) && matches(where, draft);
        expect(page.map(({ resource }) => resource.id).sort(), `${patient} ${printExpression(where)}`).toEqual(idsOf(own.filter(isMatch)));
      }
    });

    test("a second patient's claim ends with the version that drops it", async () => {
      const [p, q] = [`v${scene.tag}`, `w${scene.tag}`];
      const draft = scene.draft({ patients: [p, q], s: ['two=yes'] });
      const second = scene.next(draft, { patients: [p], s: ['two=yes'] });
      const inRecord = async (patient: string) => {
        const reference = `Patient/${patient}`;
        return storeOf().count({ types: [types.a], where: { kind: 'patient', reference }, patient: reference });
      };
      await save(storeOf(), draft);
      expect([await inRecord(p), await inRecord(q)]).toEqual([1, 1]);
      await save(storeOf(), second);
      expect([await inRecord(p), await inRecord(q)]).toEqual([1, 0]);
      await save(storeOf(), scene.next(second, { patients: [q], s: ['two=yes'] }));
      expect([await inRecord(p), await inRecord(q)]).toEqual([0, 1]);
    });
  });
}
