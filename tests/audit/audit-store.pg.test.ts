/** Audit events in PostgreSQL: what the relay adds is found as resources, just as the reference would find it. */
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { firstHash, nextHash } from '../../src/audit/chain.ts';
import { recordText } from '../../src/audit/record.ts';
import type { AuditRow, StoredChain } from '../../src/audit/relay.ts';
import { auditEventOf } from '../../src/audit/render.ts';
import { keysOf } from '../../src/audit/search-keys.ts';
import { verifyEvents } from '../../src/audit/verify.ts';
import { loadDefinitions } from '../../src/definitions/load.ts';
import { matches } from '../../src/search/expression/match.ts';
import { createIndexer } from '../../src/search/parameters/indexer.ts';
import { createSearchRegistry } from '../../src/search/parameters/registry.ts';
import { parseSearch } from '../../src/search/request/parse.ts';
import { compareSortValues } from '../../src/store/order.ts';
import { readChains, readEvents } from '../../src/store/postgres/audit/evidence.ts';
import { createPostgresStore, type PostgresStore } from '../../src/store/postgres/postgres-store.ts';
import type { ResourceStore, SortKey, StoreSearch } from '../../src/store/store.ts';
import { testPostgres } from '../support/databases.ts';
import { createRandom, seedFrom } from '../support/random.ts';
import { randomRecord } from './records.ts';

const { databaseUrl } = await testPostgres();
const CHAIN = '01ARZ3NDEKTSV4RRFFQ69G5FAV';
const COUNT = 400;
const seed = seedFrom('AUDIT_SEED');
const random = createRandom(seed);
const records = Array.from({ length: COUNT }, (_, n) => randomRecord(random, n));

const definitions = loadDefinitions();
const registry = createSearchRegistry(definitions);
const indexer = createIndexer(registry, definitions, { baseUrl: 'http://localhost/fhir/R4' });

let administrative: PostgresStore;
let store: ResourceStore;
let chain: StoredChain;

/** The reference: every event with its index entries. */
const events = () =>
  records.map((record, i) => {
    const resource = auditEventOf(record, { chain: chain.number, seq: i + 1, recorded: record.recorded }, CHAIN);
    const key = { type: 'AuditEvent', id: resource.id };
    return { ...key, at: record.recorded, index: indexer.entries(resource, key), resource };
  });

beforeAll(async () => {
  administrative = createPostgresStore({ url: databaseUrl });
  await administrative.migrate();
  store = administrative.auditStore({ entriesOf: indexer.entries, catchUp: async () => undefined });
  const { auditSink } = administrative;
  chain = await auditSink.openChain(CHAIN, { seq: 0, hash: firstHash(CHAIN) }, { file: 1, offset: 0 });
  let { hash } = chain;
  const rows = records.map((record): AuditRow => {
    const text = recordText(record);
    hash = nextHash(hash, text);
    return { recorded: record.recorded, text, hash, keys: keysOf(record) };
  });
  await auditSink.append(chain.number, chain, rows.slice(0, 150), { file: 1, offset: 10 }, 0);
  await auditSink.append(chain.number, { seq: 150, hash: (rows[149] as AuditRow).hash }, rows.slice(150), { file: 2, offset: 20 }, 0);
});

afterAll(() => administrative?.close());

const whereOf = (query: string) =>
  parseSearch([...new URLSearchParams(query)], ['AuditEvent'], {
    registry,
    baseUrl: 'http://localhost/fhir/R4',
    handling: 'strict',
    now: Date.now,
  }).where;

const BY_IDENTITY: SortKey = { parameter: '_identity', descending: false };

type Values = readonly (number | string | null)[];

/** `from`: on from there, either way. */
async function allPages(query: string, sort: readonly SortKey[], limit: number, from?: Pick<StoreSearch, 'after' | 'backward'>) {
  const ids: string[] = [];
  for (let page = { ...from }; ; ) {
    const found = await store.search({ types: ['AuditEvent'], where: whereOf(query), sort, limit, ...page });
    ids.push(...found.map(({ resource }) => resource.id));
    const last = found.at(-1);
    if (found.length < limit || !last) return ids;
    page = { ...page, after: last.sortValues };
  }
}

const identityOfEvent = (id: string) => `0000000000/AuditEvent/${id}`;

function valuesOf({ identity, at }: { readonly identity: string; readonly at: number | null }, sort: readonly SortKey[]): Values {
  const values: Record<string, number | string | null> = { _identity: identity, _id: identity.split('/')[2] ?? '', date: at };
  return sort.map(({ parameter }) => (parameter === '_lastUpdated' ? (at ?? 0) : (values[parameter] ?? null)));
}

const QUERIES = [
  '',
  'patient=p1',
  'patient=Patient/p1,Patient/p2',
  'patient=p1&patient=p2',
  'entity=Observation/1',
  'entity=Observation/1/_history/2',
  'agent:identifier=app',
  'agent:identifier=https://idp.test|dr-a',
  'agent:identifier=a|b',
  'agent-name=app',
  'agent-name:exact=App',
  'outcome=8',
  'outcome=0,12',
  'action=E',
  'subtype=read',
  'type=http://dicom.nema.org/resources/ontology/DCM|110114',
  'entity-role=24',
  'address=127',
  'date=2026-05-01',
  'date=ge2026-05-02&date=lt2026-05-04T12:00:00Z',
  'date=ne2026-05-01',
  'date=gt2026-05-01T11:06:40.000Z',
  '_lastUpdated=le2026-05-03',
  '_id=nothing',
  'patient=p1&outcome=8&date=ge2026-05-02',
  'patient:missing=true',
];

describe(`a search for audit events, AUDIT_SEED=${seed}`, () => {
  test.each(QUERIES)('%s', async (query) => {
    const where = whereOf(query);
    const expected = events()
      .filter((event) => matches(where, event))
      .map(({ id }) => id)
      .sort();
    expect(await allPages(query, [BY_IDENTITY], 37)).toEqual(expected);
    expect(await store.count({ types: ['AuditEvent'], where })).toBe(expected.length);
  });

  test.each([true, false])('by date, descending %s, repeats and skips nothing', async (descending) => {
    const order = (a: (typeof all)[number], b: (typeof all)[number]) => (descending ? b.at - a.at : a.at - b.at) || (a.id < b.id ? -1 : 1);
    const all = events();
    expect(await allPages('', [{ parameter: 'date', descending }, BY_IDENTITY], 7)).toEqual([...all].sort(order).map(({ id }) => id));
  });

  // Where a page of several types may end: with an event, or with a resource of another type.
  const at = records[200]?.recorded ?? 0;
  const ENDS = [
    { of: 'an event', identity: () => identityOfEvent(events()[200]?.id ?? ''), at },
    { of: 'a resource before it', identity: () => '0000000000/AAA/c-e0', at },
    { of: 'a resource behind it', identity: () => '00ab000000/Patient/0mwr', at },
    { of: 'a resource without a date', identity: () => '00ab000000/Patient/zzz', at: null },
  ];
  const ORDERS = ['_identity', '-_identity', '_id', 'date', '-date', '-_lastUpdated,-_id'];

  test.each(ORDERS.flatMap((order) => ENDS.map((end) => ({ order, ...end }))))(
    'by $order goes on from $of, to either side',
    async (end) => {
      const sort = [
        ...end.order.split(',').map((key) => ({ parameter: key.replace('-', ''), descending: key.startsWith('-') })),
        BY_IDENTITY,
      ];
      const from = valuesOf({ identity: end.identity(), at: end.at }, sort);
      const all = events().map(({ id, at }) => ({ id, values: valuesOf({ identity: identityOfEvent(id), at }, sort) }));
      all.sort((a, b) => compareSortValues(a.values, b.values, sort));
      const idsWhere = (isWanted: (place: number) => boolean) =>
        all.filter(({ values }) => isWanted(compareSortValues(values, from, sort))).map(({ id }) => id);
      expect(await allPages('', sort, 60, { after: from })).toEqual(idsWhere((place) => place > 0));
      expect(await allPages('', sort, 60, { after: from, backward: true })).toEqual(idsWhere((place) => place < 0).reverse());
    },
  );

  test('a history goes on where one page ended with a resource of another type', async () => {
    const newest = (await store.history({ limit: COUNT })).map(({ id }) => id);
    for (const { identity } of ENDS) {
      const found = await store.history({ limit: COUNT, after: { at, identity: identity(), version: 1 } });
      const expected = events().filter((event) => event.at < at || (event.at === at && identityOfEvent(event.id) > identity()));
      expect(found.map(({ id }) => id)).toEqual(newest.filter((id) => expected.some((event) => event.id === id)));
    }
  });

  test('by anything else is refused', async () => {
    const sort = [{ parameter: 'agent-name', descending: false }, BY_IDENTITY];
    await expect(store.search({ types: ['AuditEvent'], where: whereOf(''), sort, limit: 5 })).rejects.toMatchObject({ status: 400 });
  });

  test('names the day’s partition and an index', async () => {
    const [part] =
      (await store.explain({ types: ['AuditEvent'], where: whereOf('date=2026-05-02'), sort: [BY_IDENTITY], limit: 5 }))[0]?.parts ?? [];
    expect(part?.relations?.filter((name) => name.startsWith('auditevent'))).toEqual(['auditevent_d20260502']);
  });
});

describe('one event', () => {
  test('is read by its id, in its only version', async () => {
    const [first] = events();
    const version = await store.read({ type: 'AuditEvent', id: first?.id ?? '' });
    expect(JSON.parse(version?.raw ?? '')).toEqual(JSON.parse(JSON.stringify(first?.resource)));
    expect(await store.readVersion({ type: 'AuditEvent', id: first?.id ?? '' }, 1)).toEqual(version);
    expect(await store.readVersion({ type: 'AuditEvent', id: first?.id ?? '' }, 2)).toBeUndefined();
    expect(await store.read({ type: 'AuditEvent', id: 'nothing' })).toBeUndefined();
  });

  test('can not be written', async () => {
    const version = await store.read({ type: 'AuditEvent', id: events()[0]?.id ?? '' });
    const draft = { ...version, index: indexer.entries({}, { type: 'AuditEvent', id: 'x' }) } as never;
    await expect(store.commit({ writes: [{ kind: 'create', draft, idAssigned: true }] })).rejects.toMatchObject({ status: 405 });
  });
});

test('a gateway that is behind its chain’s head adds nothing', async () => {
  const { auditSink } = administrative;
  const stale = { seq: 150, hash: nextHash('', 'stale') };
  const row = { recorded: Date.UTC(2026, 4, 1), text: 'x', hash: nextHash('', 'x'), keys: [] };
  await expect(auditSink.append(chain.number, stale, [row], { file: 9, offset: 9 }, 0)).rejects.toThrow('another head');
  expect(await auditSink.findChain(CHAIN)).toMatchObject({ seq: COUNT, position: { file: 2, offset: 20 } });
});

describe('the check of what lies in the database', () => {
  async function check() {
    const client = new pg.Client({ connectionString: databaseUrl });
    await client.connect();
    await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
    const evidence = { chains: await readChains(client), heads: new Map(), roots: [] };
    return verifyEvents(readEvents(client), evidence, async () => undefined).finally(() => client.end());
  }

  test('finds nothing wrong, and then what somebody did with SQL', async () => {
    expect(await check()).toEqual({ events: COUNT, chains: 1, roots: 0, findings: [] });
    const client = new pg.Client({ connectionString: databaseUrl });
    await client.connect();
    await client.query(`UPDATE auditevent SET record = replace(record, 'request-99', 'request-98') WHERE seq = 100`);
    await client.query('DELETE FROM auditevent WHERE seq = 200');
    await client.end();
    expect((await check()).findings.map(({ seq }) => seq)).toEqual([100, 200, 201]);
  });
});
