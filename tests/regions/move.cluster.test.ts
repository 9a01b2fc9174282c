/** A patient who changes region, on the databases and through two gateways: the record is moved, and nobody who reads or writes meanwhile sees less of it. */
import { setTimeout as sleep } from 'node:timers/promises';
import { MongoClient } from 'mongodb';
import pg from 'pg';
import { describe, expect, test } from 'vitest';
import { testDatabases } from '../support/databases.ts';
import { type GatewayProcess, gatewaysOfATest, onStores } from '../support/gateway-process.ts';
import { until } from '../support/until.ts';

const databases = await testDatabases();
const { freshFolder, start } = gatewaysOfATest();
const COUNT = 300;

async function startTwo() {
  const dataDir = await freshFolder();
  const another = () => start({ dataDir, ...onStores(databases, '--regions', 'state:CA=01,state:NY=02') });
  return (await Promise.all([another(), another()])) as [GatewayProcess, GatewayProcess];
}

const patientIn = (state: string) => ({ resourceType: 'Patient', address: [{ state }] });
const observation = (patient: string, value: number, others: readonly string[] = []) => ({
  resourceType: 'Observation',
  status: 'final',
  code: { text: 'note' },
  subject: { reference: `Patient/${patient}` },
  ...(others.length > 0 && { performer: others.map((other) => ({ reference: `Patient/${other}` })) }),
  valueInteger: value,
});
const encounter = (patient: string) => ({
  resourceType: 'Encounter',
  status: 'finished',
  class: { system: 'http://terminology.hl7.org/CodeSystem/v3-ActCode', code: 'AMB' },
  subject: { reference: `Patient/${patient}` },
  period: { start: '2021-03-01', end: '2021-03-02' },
});

async function made(gateway: GatewayProcess, resource: object): Promise<string> {
  const { resourceType } = resource as { resourceType: string };
  const answer = await gateway.ask('POST', resourceType, resource);
  expect(answer.status, answer.text.slice(0, 500)).toBe(201);
  return answer.json.id;
}

async function shardOf(gateway: GatewayProcess, patient: string): Promise<Record<string, unknown>> {
  const { json } = await gateway.ask('GET', `Patient/${patient}/$shard`);
  return Object.fromEntries(
    json.parameter.map(({ name, part, ...value }: { name: string; part?: unknown }) => [name, part ?? Object.values(value)[0]]),
  );
}

async function untilAt(gateway: GatewayProcess, patient: string, zone: string): Promise<string> {
  for (let look = 0; look < 900; look++) {
    const { recordKey, moving } = await shardOf(gateway, patient);
    if (String(recordKey).startsWith(zone) && moving === undefined) return String(recordKey);
    await sleep(100);
  }
  throw new Error('the record did not get there');
}

/** What lies under a record key, other than forwarders. */
async function lyingUnder(rk: string): Promise<string[]> {
  const client = await MongoClient.connect(databases.mongodbUri);
  try {
    const range = { _id: { $gte: `${rk}/`, $lt: `${rk}0` } as never };
    const found: string[] = [];
    for (const name of ['resources', 'history', 'chunks']) {
      for await (const { _id, home, raw, s } of client.db().collection(name).find(range)) {
        if (!home || raw !== undefined || s !== undefined || name !== 'resources') found.push(`${name} ${_id}`);
      }
    }
    return found;
  } finally {
    await client.close();
  }
}

async function rowsUnder(rk: string): Promise<number> {
  const database = new pg.Client(databases.databaseUrl);
  await database.connect();
  try {
    const of = async (table: string) => (await database.query(`SELECT count(*)::int AS n FROM ${table} WHERE rk = $1`, [rk])).rows[0].n;
    return (await of('resource_head')) + (await of('encounter')) + (await of('resource_history'));
  } finally {
    await database.end();
  }
}

const idsIn = (answer: { json: { entry?: readonly { resource: { id: string } }[] } }) =>
  (answer.json.entry ?? []).map(({ resource }) => resource.id).sort();

describe('a patient who changes region', () => {
  test('is moved with the whole record, also when the gateway is killed meanwhile', { timeout: 240_000 }, async () => {
    const [a, b] = await startTwo();
    const patient = await made(a, patientIn('CA'));
    const other = await made(a, patientIn('CA'));
    const others = String((await shardOf(a, other)).recordKey);
    const born = String((await shardOf(a, patient)).recordKey);
    expect(born).toMatch(/^01/);
    const entry = Array.from({ length: COUNT }, (_, n) => ({
      resource: observation(patient, n),
      request: { method: 'POST', url: 'Observation' },
    }));
    const loaded = await a.ask('POST', '', { resourceType: 'Bundle', type: 'transaction', entry });
    expect(loaded.status, loaded.text.slice(0, 500)).toBe(200);
    const first = /Observation\/([^/]+)/.exec(loaded.json.entry[0].response.location)?.[1] as string;
    const seen = await made(a, observation(other, 1, [patient]));
    const shared = await made(a, observation(patient, 2, [other]));
    const gone = await made(a, observation(patient, 3));
    expect((await a.ask('DELETE', `Observation/${gone}`)).status).toBe(204);
    const large = await made(a, { ...observation(patient, 4), note: [1, 2, 3].map(() => ({ text: 'é'.repeat(900_000) })) });
    const visit = await made(a, encounter(patient));
    for (const value of [100, 101]) await a.ask('PUT', `Observation/${first}`, { ...observation(patient, value), id: first });
    await a.ask('PUT', `Encounter/${visit}`, { ...encounter(patient), id: visit, status: 'in-progress' });
    const everything = idsIn(await a.ask('GET', `Observation?patient=${patient}&_count=1000&_elements=status`));
    expect(everything).toHaveLength(COUNT + 2);

    // Readers of every kind, all the while.
    let isDone = false;
    const problems: string[] = [];
    const reading = (async () => {
      while (!isDone) {
        const found = idsIn(await b.ask('GET', `Observation?patient=${patient}&_count=1000&_elements=status`));
        if (JSON.stringify(found) !== JSON.stringify(everything)) problems.push(`a search found ${found.length}`);
        for (const path of [
          `Patient/${patient}`,
          `Observation/${first}`,
          `Observation/${seen}`,
          `Observation/${first}/_history/1`,
          `Encounter/${visit}`,
        ]) {
          const { status } = await b.ask('GET', path);
          if (status !== 200) problems.push(`${path}: ${status}`);
        }
        for (const path of [
          `Patient?_id=${patient}`,
          `Observation?_id=${first}`,
          `Encounter?patient=${patient}`,
          `Observation?performer=Patient/${other}`,
        ]) {
          const { json } = await b.ask('GET', path);
          if (json.entry?.length !== 1) problems.push(`${path}: ${json.entry?.length ?? json.issue?.[0]?.diagnostics}`);
        }
        const versions = (await b.ask('GET', `Observation/${first}/_history`)).json.entry?.length;
        if (versions !== 3) problems.push(`${versions} versions`);
      }
    })();
    const moved = await a.ask('PUT', `Patient/${patient}`, { ...patientIn('NY'), id: patient });
    expect(moved.status).toBe(200);
    // The moment when it lies at both places.
    await until(async () => (await lyingUnder(`02${born.slice(2)}`)).length > 0, 4_000, 20);
    await a.end('SIGKILL');
    const refused = await b.ask('POST', 'Observation', observation(patient, 7));
    expect([201, 503]).toContain(refused.status);
    if (refused.status === 503) expect(refused.headers.get('retry-after')).toBe('2');

    const now = await untilAt(b, patient, '02');
    isDone = true;
    await reading;
    if (refused.status !== 201) expect(problems).toEqual([]);
    expect(now.slice(2)).toBe(born.slice(2));
    expect(await lyingUnder(born)).toEqual([]);
    expect(await rowsUnder(born)).toBe(0);
    expect(await rowsUnder(now)).toBe(3);

    expect((await b.ask('GET', `Observation/${large}`)).json.note[2].text).toHaveLength(900_000);
    expect((await b.ask('GET', `Observation/${gone}`)).status).toBe(410);
    expect((await b.ask('GET', `Observation/${first}/_history/2`)).json.valueInteger).toBe(100);
    const whole = await b.ask('GET', `Patient/${patient}/$everything?_count=1000`);
    expect(idsIn(whole)).toEqual([...everything, ...(refused.status === 201 ? [refused.json.id] : []), seen, patient, visit].sort());
    // The pointers of both records lead to where things lie now.
    expect(idsIn(await b.ask('GET', `Observation?performer=Patient/${other}`))).toEqual([shared]);
    expect(idsIn(await b.ask('GET', `Patient?_id=${patient}&_revinclude=Observation:performer`))).toContain(seen);
    expect((await b.ask('DELETE', `Observation/${seen}`)).status).toBe(204);

    // What is written now is born at the new place, and what was there goes on.
    const later = await made(b, observation(patient, 5));
    expect(later.endsWith(now)).toBe(true);
    expect((await b.ask('PUT', `Observation/${first}`, { ...observation(patient, 102), id: first })).json.meta.versionId).toBe('4');
    expect((await b.ask('GET', `Observation/${first}/_history`)).json.entry).toHaveLength(4);

    // And back again, by a patch; the record knows its way.
    const back = [{ op: 'replace', path: '/address/0/state', value: 'CA' }];
    const patched = await b.ask('PATCH', `Patient/${patient}`, back, { 'Content-Type': 'application/json-patch+json' });
    expect(patched.status).toBe(200);
    expect(await untilAt(b, patient, '01')).toBe(born);
    expect(await lyingUnder(now)).toEqual([]);
    expect((await b.ask('GET', `Observation/${first}/_history`)).json.entry).toHaveLength(4);
    expect((await b.ask('GET', `Observation/${later}`)).status).toBe(200);

    // Both moves are on record.
    const events = await b.ask('GET', `AuditEvent?patient=${patient}&type=transmit&_sort=date`);
    expect(events.json.entry.length).toBeGreaterThanOrEqual(2);
    const [one] = events.json.entry.map(({ resource }: { resource: object }) => resource);
    expect(one.outcomeDesc).toMatch(/is complete: \d+ clinical resources from zone 01 to zone 02$/);
    expect(one.entity[0].what.reference).toBe(`Patient/${patient}`);
    expect(one.entity.at(-1).what.identifier.value).toBe(moved.headers.get('x-request-id'));

    // Erased, it leaves nothing, wherever it lay.
    const begun = await b.ask('POST', `Patient/${patient}/$expunge?also=Observation/${shared}`);
    expect(begun.status).toBe(202);
    const path = `$expunge-status${new URL(begun.headers.get('content-location') ?? '').search}`;
    while ((await b.ask('GET', path)).status === 202) await sleep(200);
    const client = await MongoClient.connect(databases.mongodbUri);
    try {
      for (const name of ['resources', 'history', 'locators', 'move_jobs']) {
        // A version of what was in the other's record stays with that.
        for await (const document of client
          .db()
          .collection(name)
          .find({ _id: { $not: new RegExp(`^${others}/`) } as never })) {
          expect(JSON.stringify(document).includes(patient), `${name} ${JSON.stringify(document._id)}`).toBe(false);
        }
      }
    } finally {
      await client.close();
    }
  });

  test('whose id a client chose is moved to the right zone after the first write', { timeout: 60_000 }, async () => {
    const [a] = await startTwo();
    const id = `chosen${Date.now()}`;
    expect((await a.ask('PUT', `Patient/${id}`, { ...patientIn('NY'), id })).status).toBe(201);
    expect(await untilAt(a, id, '02')).toMatch(/^02/);
    expect((await a.ask('GET', `Patient?_id=${id}`)).json.entry).toHaveLength(1);
  });
});
