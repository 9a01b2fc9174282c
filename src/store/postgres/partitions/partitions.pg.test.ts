import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { testPostgres } from '../../../../tests/support/databases.ts';
import { create, createScene, replace, save } from '../../contract/scene.ts';
import { tableOf } from '../business-date.ts';
import { createPostgresStore, type PostgresStore } from '../postgres-store.ts';
import { idsStatement } from '../search/statement.ts';

const { databaseUrl } = await testPostgres();
const types = { a: 'Encounter', b: 'Claim' };
let store: PostgresStore;
let pool: pg.Pool;

beforeAll(async () => {
  store = createPostgresStore({ url: databaseUrl });
  await store.migrate();
  pool = new pg.Pool({ connectionString: databaseUrl, max: 4 });
  pool.on('connect', (client) => client.on('error', () => undefined));
});
afterAll(async () => {
  await pool.end();
  await store.close();
});

const partitionsNow = async (table = 'encounter') =>
  (
    await pool.query<{ name: string }>('SELECT inhrelid::regclass::text AS name FROM pg_inherits WHERE inhparent = $1::regclass', [table])
  ).rows.map(({ name }) => name);
const placeOf = async (id: string, table = 'encounter') =>
  (await pool.query<{ place: string }>(`SELECT tableoid::regclass::text AS place FROM ${table} WHERE id = $1`, [id])).rows.map(
    ({ place }) => place,
  );
const date = (key: string, year: number) => [{ k: key, lo: Date.UTC(year, 5, 1), hi: Date.UTC(year, 5, 2) }];

describe('a partition for a year', () => {
  test('is made when the first row of that year arrives, also by many at once', async () => {
    const scene = createScene(types);
    const drafts = Array.from({ length: 30 }, (_, i) => scene.draft({ r: date('date', 1951 + (i % 3)) }));
    expect(await partitionsNow()).not.toContain('encounter_y1951');
    await Promise.all(drafts.map((draft) => store.commit({ writes: [create(draft)] })));
    expect(await partitionsNow()).toEqual(expect.arrayContaining(['encounter_y1951', 'encounter_y1952', 'encounter_y1953']));
    for (const draft of drafts) {
      expect(await placeOf(draft.id)).toEqual([`encounter_y${new Date(draft.index.r[0]?.lo ?? 0).getUTCFullYear()}`]);
      expect((await store.read(draft))?.raw).toBe(draft.raw);
    }
  });

  test('is made once when two gateways need it at the same time', async () => {
    const other = createPostgresStore({ url: databaseUrl });
    const scene = createScene(types);
    const drafts = Array.from({ length: 20 }, (_, i) => scene.draft({ type: types.b, r: date('created', 1960 + (i % 5)) }));
    await Promise.all(drafts.map((draft, i) => (i % 2 ? store : other).commit({ writes: [create(draft)] })));
    for (const draft of drafts) expect(await placeOf(draft.id, 'claim')).toHaveLength(1);
    expect((await partitionsNow('claim')).filter((name) => name.includes('196'))).toHaveLength(5);
    await other.close();
  });

  test('the year is that of UTC', async () => {
    const scene = createScene(types);
    const [last, first] = [Date.UTC(1970, 0) - 1, Date.UTC(1970, 0)].map((lo) => scene.draft({ r: [{ k: 'date', lo, hi: lo }] }));
    if (!last || !first) throw new Error('no drafts');
    await save(store, last, first);
    expect([await placeOf(last.id), await placeOf(first.id)]).toEqual([['encounter_y1969'], ['encounter_y1970']]);
  });

  test('a missing date stays in the default partition', async () => {
    const scene = createScene(types);
    const draft = scene.draft({});
    await save(store, draft);
    expect(await placeOf(draft.id)).toEqual(['encounter_default']);
    expect((await store.read(draft))?.version).toBe(1);
  });
});

describe('the default partition', () => {
  test('takes the rows when a lock keeps the partition from being made, and gives them up later', async () => {
    const scene = createScene(types);
    const messages: string[] = [];
    const waiting = createPostgresStore({ url: databaseUrl, log: (message) => messages.push(message) });
    const holder = await pool.connect();
    await holder.query('BEGIN; LOCK TABLE encounter_default IN ACCESS SHARE MODE');
    const draft = scene.draft({ r: date('date', 1944) });
    await waiting.commit({ writes: [create(draft)] });
    expect(messages).toEqual([expect.stringContaining('encounter_y1944')]);
    expect(await placeOf(draft.id)).toEqual(['encounter_default']);
    expect((await waiting.read(draft))?.raw).toBe(draft.raw);
    await holder.query('COMMIT');
    holder.release();
    expect(await waiting.adoptWaiting()).toBe(1);
    expect(await placeOf(draft.id)).toEqual(['encounter_y1944']);
    expect((await waiting.read(draft))?.raw).toBe(draft.raw);
    await waiting.close();
  }, 30_000);

  test('readers never miss a row while it moves', async () => {
    const scene = createScene(types);
    const drafts = Array.from({ length: 40 }, () => scene.draft({}));
    await Promise.all(drafts.map((draft) => save(store, draft)));
    // A row that waits, as a store leaves it that could not make the partition.
    for (const [i, { id }] of drafts.entries()) {
      await pool.query(
        'WITH h AS (UPDATE resource_head SET business_at = $2 WHERE id = $1) UPDATE encounter_default SET admitted_at = $2 WHERE id = $1',
        [id, new Date(Date.UTC(1900 + (i % 4), 3)).toISOString()],
      );
    }
    let isDone = false;
    let looks = 0;
    const missed: string[] = [];
    const watch = async (name: string, look: () => Promise<boolean>) => {
      for (; !isDone; looks++) if (!(await look())) missed.push(name);
    };
    const search = { types: [types.a], where: scene.mine(), sort: [{ parameter: '_identity', descending: false }], limit: 100 };
    const watchers = [
      ...drafts.slice(0, 6).map((draft) => watch('read', async () => (await store.read(draft))?.raw === draft.raw)),
      watch('search', async () => (await store.search(search)).length === drafts.length),
      watch('count', async () => (await store.count(search)) === drafts.length),
    ];
    expect(await store.adoptWaiting()).toBe(4);
    isDone = true;
    await Promise.all(watchers);
    expect(looks).toBeGreaterThan(10);
    expect(missed).toEqual([]);
    for (const { id } of drafts) expect((await placeOf(id))[0]).toMatch(/^encounter_y190[0-3]$/);
  }, 30_000);
});

describe('a changed business date', () => {
  test('moves the row to its partition, its history stays whole', async () => {
    const scene = createScene(types);
    const first = scene.draft({ r: date('date', 1980) });
    const second = scene.next(first, { r: date('date', 1985) });
    const third = scene.next(second, {});
    await save(store, first, second);
    expect(await placeOf(first.id)).toEqual(['encounter_y1985']);
    await store.commit({ writes: [await replace(store, third)] });
    expect(await placeOf(first.id)).toEqual(['encounter_default']);
    expect((await store.history({ types: [types.a], id: first.id, limit: 9 })).map(({ version }) => version)).toEqual([3, 2, 1]);
    await save(store, scene.deletion(third));
    expect(await placeOf(first.id)).toEqual([]);
  });
});

describe('pruning', () => {
  const partitionsIn = (lines: readonly string[]) => [
    ...new Set(lines.flatMap((line) => /\bencounter_(?:y\d+|default)\b/.exec(line)?.[0] ?? [])),
  ];

  test('a read by id looks into the one partition that the head names', async () => {
    const scene = createScene(types);
    const draft = scene.draft({ r: date('date', 1990) });
    await save(store, draft, scene.draft({ r: date('date', 1991) }), scene.draft({ r: date('date', 1992) }));
    const client = await pool.connect();
    await client.query('BEGIN');
    expect((await client.query('SELECT * FROM read_encounter($1)', [[draft.id]])).rows).toMatchObject([{ id: draft.id, raw: draft.raw }]);
    // Whatever a statement looks into it has locked.
    const { rows } = await client.query<{ name: string }>(
      `SELECT relation::regclass::text AS name FROM pg_locks WHERE pid = pg_backend_pid() AND relation IS NOT NULL`,
    );
    await client.query('COMMIT');
    client.release();
    expect(partitionsIn(rows.map(({ name }) => name))).toEqual(['encounter_y1990']);
  });

  test.each([
    [
      'within a year',
      [
        { bound: 'lo', op: 'ge', value: Date.UTC(1991, 2) },
        { bound: 'hi', op: 'lt', value: Date.UTC(1991, 9) },
      ],
      1991,
      1991,
    ],
    ['before a year', [{ bound: 'lo', op: 'lt', value: Date.UTC(1991, 0) }], 0, 1990],
  ] as const)('a search by date %s leaves the other years out', async (_, conditions, from, to) => {
    const { text, values } = idsStatement('Encounter', { kind: 'range', key: 'Encounter.date', conditions }, 10);
    const { rows } = await pool.query<{ 'QUERY PLAN': string }>(`EXPLAIN ${text}`, [...values]);
    const years = partitionsIn(rows.map((row) => row['QUERY PLAN'])).flatMap((name) => /y(\d+)$/.exec(name)?.[1] ?? []);
    expect(years.length).toBeGreaterThan(0);
    expect(years.map(Number).filter((year) => year < from || year > to)).toEqual([]);
  });

  test.each([
    ['a token', { kind: 'equals', entry: 'Encounter.identifier=x|1' }, '_s_idx'],
    ['a prefix', { kind: 'prefix', entry: 'Encounter.identifier=x' }, '_s_idx'],
    ['a patient', { kind: 'patient', reference: 'Patient/1' }, '_s_idx'],
    ['a date', { kind: 'range', key: 'Encounter.date', conditions: [{ bound: 'hi', op: 'ge', value: Date.UTC(2100, 0) }] }, '_ends_at_idx'],
    ['ids', { kind: 'ids', ids: ['1', '2'] }, '_pkey'],
  ] as const)('a search by %s uses an index in every partition', async (_, where, index) => {
    const { text, values } = idsStatement('Encounter', where, 10);
    const client = await pool.connect();
    // The tables are too small for the planner to bother.
    await client.query('BEGIN; SET LOCAL enable_seqscan = off');
    const { rows } = await client.query<{ 'QUERY PLAN': string }>(`EXPLAIN ${text}`, [...values]);
    await client.query('ROLLBACK');
    client.release();
    const plan = rows.map((row) => row['QUERY PLAN']);
    expect(plan.filter((line) => line.includes('Seq Scan'))).toEqual([]);
    expect(plan.some((line) => line.includes(index))).toBe(true);
  });
});

describe('describing', () => {
  test('partitions with their range and rows, and those of one patient', async () => {
    const scene = createScene(types);
    const patient = `p${scene.tag}`;
    await save(
      store,
      scene.draft({ patients: [patient], r: date('date', 2001) }),
      scene.draft({ patients: [patient], r: date('date', 2001) }),
      scene.draft({ patients: [patient], r: date('date', 2003) }),
      scene.draft({ type: types.b, patients: [patient], r: date('created', 2001) }),
    );
    const { administration } = store;
    expect(await administration.partitionsOf(`Patient/${patient}`)).toEqual([
      { type: 'Encounter', partition: 'encounter_y2001', rows: 2 },
      { type: 'Encounter', partition: 'encounter_y2003', rows: 1 },
      { type: 'Claim', partition: 'claim_y2001', rows: 1 },
    ]);
    const described = await administration.describePartitions();
    expect(described).toContainEqual(
      expect.objectContaining({ table: 'encounter', partition: 'encounter_y2001', range: '2001-01-01 to 2002-01-01', isDefault: false }),
    );
    expect(described.find(({ partition }) => partition === 'encounter_y2001')?.bytes).toBeGreaterThan(8192);
    expect(described.filter(({ isDefault }) => isDefault)).toHaveLength(14);
    expect(tableOf('Encounter').column).toBe('admitted_at');
  });
});
