/** `$expunge` on the databases, through two gateways: resumed after a kill -9, complete under concurrent writes, nothing left in any collection or table. */
import { setTimeout as sleep } from 'node:timers/promises';
import { MongoClient } from 'mongodb';
import pg from 'pg';
import { describe, expect, test } from 'vitest';
import { openLocalSealer } from '../../src/access/local-key.ts';
import { testDatabases } from '../support/databases.ts';
import { type GatewayProcess, gatewaysOfATest, onStores } from '../support/gateway-process.ts';

const databases = await testDatabases();
const { freshFolder, start } = gatewaysOfATest();
const COUNT = 500;

async function startTwo() {
  const dataDir = await freshFolder();
  const another = () => start({ dataDir, ...onStores(databases) });
  return { dataDir, gateways: await Promise.all([another(), another()]) };
}

const observation = (patient: string, n: number, secret: string) => ({
  resourceType: 'Observation',
  id: `${patient}-${n}`,
  status: 'final',
  code: { text: 'note' },
  subject: { reference: `Patient/${patient}` },
  valueString: `${secret} ${n}`,
});
const encounter = (patient: string, n: number, secret: string) => ({
  resourceType: 'Encounter',
  id: `${patient}-${n}`,
  status: 'finished',
  class: { system: 'http://terminology.hl7.org/CodeSystem/v3-ActCode', code: 'AMB', display: secret },
  subject: { reference: `Patient/${patient}` },
  period: { start: `${2010 + (n % 15)}-03-01`, end: `${2010 + (n % 15)}-03-02` },
});

async function putAll(gateway: GatewayProcess, resources: readonly { readonly resourceType: string; readonly id: string }[]) {
  const entry = resources.map((resource) => ({ resource, request: { method: 'PUT', url: `${resource.resourceType}/${resource.id}` } }));
  const answer = await gateway.ask(
    'POST',
    '',
    { resourceType: 'Bundle', type: 'batch', entry },
    { 'Idempotency-Key': `k${Math.random()}` },
  );
  expect(answer.status).toBe(200);
}

async function untilDone(gateway: GatewayProcess, path: string) {
  for (let look = 0; look < 900; look++) {
    const answer = await gateway.ask('GET', path);
    if (answer.status === 200) return answer;
    expect(answer.status).toBe(202);
    await sleep(100);
  }
  throw new Error('the erasure did not end');
}

/** Every place that still holds one of the texts. */
async function tracesOf(texts: readonly string[]): Promise<string[]> {
  const traces: string[] = [];
  const client = await MongoClient.connect(databases.mongodbUri);
  try {
    for (const name of ['resources', 'history', 'locators', 'chunks', 'ledger', 'erasure_jobs']) {
      for await (const document of client.db().collection(name).find({}))
        if (texts.some((text) => JSON.stringify(document).includes(text))) traces.push(`${name} ${document._id}`);
    }
  } finally {
    await client.close();
  }
  const database = new pg.Client(databases.databaseUrl);
  await database.connect();
  try {
    for (const table of ['resource_head', 'resource_history', 'encounter', 'idempotency']) {
      const { rows } = await database.query(`SELECT t::text AS text FROM ${table} t`);
      for (const { text } of rows) if (texts.some((each) => text.includes(each))) traces.push(`${table} ${text.slice(0, 80)}`);
    }
  } finally {
    await database.end();
  }
  return traces;
}

describe('the erasure of a record on the databases', () => {
  test('goes on after a kill -9, counts everything once, and leaves nothing', { timeout: 240_000 }, async () => {
    const { dataDir, gateways } = await startTwo();
    const [a, b] = gateways as [GatewayProcess, GatewayProcess];
    const patient = `gone${Date.now()}`;
    const secret = `secret${Date.now()}`;
    await putAll(a, [{ resourceType: 'Patient', id: patient }]);
    const numbers = Array.from({ length: COUNT / 2 }, (_, n) => n);
    await putAll(
      a,
      numbers.flatMap((n) => [observation(patient, n, secret), encounter(patient, n, secret)]),
    );
    await putAll(
      b,
      numbers.slice(0, 50).flatMap((n) => [observation(patient, n, 'changed'), encounter(patient, n, 'changed')]),
    );
    for (const n of [1, 2]) expect((await b.ask('DELETE', `Observation/${patient}-${n}`)).status).toBe(204);

    const begun = await a.ask('POST', `Patient/${patient}/$expunge`);
    expect(begun.status).toBe(202);
    const path = `$expunge-status${new URL(begun.headers.get('content-location') ?? '').search}`;
    // Writes through both gateways, from before they have heard of it until it is done.
    let isDone = false;
    let next = COUNT;
    const writing = (async () => {
      while (!isDone) {
        const answer = await b.ask('PUT', `Observation/${patient}-${next}`, observation(patient, next, secret)).catch(() => undefined);
        if (answer) expect([201, 409]).toContain(answer.status);
        next++;
        await sleep(20);
      }
    })();
    await sleep(400);
    await a.end('SIGKILL');
    const done = await untilDone(b, path);
    isDone = true;
    await writing;

    // What the writer made after the end is a record begun anew.
    const later = (await b.ask('GET', `Observation?subject=Patient/${patient}&_count=1000`)).json.entry ?? [];
    for (const { resource } of later) {
      expect(Number(resource.id.split('-')[1])).toBeGreaterThanOrEqual(COUNT);
      expect(resource.meta.versionId).toBe('1');
    }
    if (later.length > 0)
      await untilDone(
        b,
        `$expunge-status${new URL((await b.ask('POST', `Patient/${patient}/$expunge`)).headers.get('content-location') ?? '').search}`,
      );
    expect(await tracesOf([patient, secret])).toEqual([]);
    expect((await b.ask('GET', `Encounter/${patient}-5`)).status).toBe(404);
    expect((await b.ask('GET', `Encounter/${patient}-5/_history/1`)).status).toBe(404);

    const report = done.json.parameter.find(({ name }: { name: string }) => name === 'report').valueString;
    const opened = (await (await openLocalSealer(dataDir, 'erasure-reports')).open(report, 'erasure-report+jws')) as {
      removed: { type: string; store: string; resources: number; versions: number }[];
    };
    const of = (type: string) => opened.removed.find((each) => each.type === type);
    expect(of('Encounter')).toEqual({ store: 'postgresql', type: 'Encounter', resources: COUNT / 2, versions: COUNT / 2 + 50 });
    expect(of('Patient')).toEqual({ store: 'mongodb', type: 'Patient', resources: 1, versions: 1 });
    expect(of('Observation')?.resources).toBeGreaterThanOrEqual(COUNT / 2);
    expect(of('Observation')?.versions).toBe((of('Observation')?.resources ?? 0) + 50 + 2);
    const audited = await b.ask('GET', `AuditEvent?patient=Patient/${patient}&_count=200`);
    expect(audited.text).toContain('is complete');
  });
});
