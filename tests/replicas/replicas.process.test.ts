/**
 * The members of replica sets on the embedded cluster: reads that secondaries answer, tokens that keep them from being stale, and
 * `$replica?verify=true`, also of a member that was altered by hand.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { decodeJwt, decodeProtectedHeader } from 'jose';
import { MongoClient } from 'mongodb';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findFreePorts } from '../../src/embedded/free-ports.ts';
import { readRecord } from '../../src/embedded/mongo/data-folder.ts';
import { findMongod } from '../../src/embedded/mongo/find-mongod.ts';
import { startMongod } from '../../src/embedded/mongo/mongod.ts';
import { recordKeyOf } from '../../src/model/record-key.ts';
import { type GatewayProcess, startGatewayProcess } from '../support/gateway-process.ts';

const READS = ['read', 'search'].map((kind) => `--read-preference-${kind}=secondaryPreferred`);

let dataDir: string;
let gateway: GatewayProcess;

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'meridian-proof-'));
  gateway = await startGatewayProcess({ dataDir, args: ['--shards', '2', '--members', '3', ...READS] });
  for (const id of ['proof-a', 'proof-b', 'proof-c']) {
    expect((await gateway.ask('PUT', `Patient/${id}`, { resourceType: 'Patient', id })).status).toBe(201);
  }
}, 180_000);

afterAll(async () => {
  await gateway?.end('SIGTERM');
  await rm(dataDir, { recursive: true, force: true, maxRetries: 5 });
}, 180_000);

interface Part {
  readonly name: string;
  readonly valueString?: string;
  readonly valueInteger?: number;
  readonly part?: readonly Part[];
}

const named = (parts: readonly Part[], name: string) => parts.filter((part) => part.name === name);
const textOf = (parts: readonly Part[] | undefined, name: string) => named(parts ?? [], name)[0]?.valueString;

async function verify(query = 'verify=true'): Promise<readonly Part[]> {
  const answer = await gateway.ask('GET', `$replica?${query}`);
  expect(answer.status, answer.text).toBe(200);
  return answer.json.parameter;
}

/** Of each MongoDB set. */
const verdictsOf = (proof: readonly Part[]) =>
  named(proof, 'provenSet').map(({ part }) => `${textOf(part, 'name')} ${textOf(part, 'verdict')}`);

/** A transaction over both stores. */
const transaction = (patient: string) => ({
  resourceType: 'Bundle',
  type: 'transaction',
  entry: [
    {
      request: { method: 'POST', url: 'Encounter' },
      resource: { resourceType: 'Encounter', status: 'finished', class: { code: 'AMB' }, subject: { reference: `Patient/${patient}` } },
    },
    {
      request: { method: 'POST', url: 'Observation' },
      resource: { resourceType: 'Observation', status: 'final', code: { text: 'pulse' }, subject: { reference: `Patient/${patient}` } },
    },
  ],
});

async function untilHealthy(): Promise<void> {
  for (let n = 0; n < 120; n++) {
    const { json } = await gateway.ask('GET', '$replica');
    if (textOf(json.parameter, 'status') === 'healthy') return;
    await sleep(250);
  }
  throw new Error('the replica set does not become healthy again');
}

/** Stops a member, alters what it holds while it runs alone, and lets it join again. */
async function alterByHand(host: string, alter: (client: MongoClient) => Promise<void>): Promise<void> {
  const member = readRecord(join(dataDir, 'mongo'))?.members.find(({ port }) => host === `127.0.0.1:${port}`);
  if (!member) throw new Error(`no member is at ${host}`);
  // What is in no checkpoint yet is not there when it runs alone: it would come with the oplog.
  await withMember(host, (client) => client.db('admin').command({ fsync: 1 }));
  const act = (action: string) => gateway.ask('POST', `$replica?action=${action}&shard=${member.set}&member=${host}`);
  expect((await act('fail')).status).toBe(200);
  const [port = 0] = await findFreePorts(1);
  const binary = await findMongod({ log: () => undefined });
  const alone = await startMongod({ binary, dbPath: join(dataDir, 'mongo', member.role), port, kind: 'plain', cacheGB: 0.25 });
  await alone.ready();
  await withMember(`127.0.0.1:${port}`, alter);
  await alone.stop();
  expect((await act('restore')).status).toBe(200);
  await untilHealthy();
}

/** Hosts of the shard that holds a record, by role. */
async function membersHolding(
  patient: string,
): Promise<{ readonly shard: string; readonly primary: string; readonly secondaries: readonly string[] }> {
  const shard = recordKeyOf(patient) < '008' ? 'shard_0' : 'shard_1';
  const { parameter } = (await gateway.ask('GET', '$replica')).json;
  const set = named(parameter, 'replicaSet').find(({ part }) => textOf(part, 'name') === shard);
  const hosts = (state: string) =>
    named(set?.part ?? [], 'member').flatMap(({ part }) => (textOf(part, 'state') === state ? (textOf(part, 'host') ?? []) : []));
  return { shard, primary: hosts('PRIMARY')[0] ?? '', secondaries: hosts('SECONDARY') };
}

async function withMember<T>(host: string, work: (client: MongoClient) => Promise<T>): Promise<T> {
  const client = new MongoClient(`mongodb://${host}/?directConnection=true&readPreference=nearest`);
  try {
    return await work(client);
  } finally {
    await client.close();
  }
}

/** How often the resources of a member were read. */
const readsOn = (host: string): Promise<number> =>
  withMember(host, async (client) => {
    const [statistics] = await client
      .db('meridian')
      .collection('resources')
      .aggregate([{ $collStats: { latencyStats: {} } }])
      .toArray();
    return Number(statistics?.latencyStats.reads.ops);
  });

const patientWith = (id: string, birthDate: string) => ({ resourceType: 'Patient', id, birthDate });

describe('read preferences', () => {
  test('let secondaries answer reads and searches, and nothing else', async () => {
    const { primary, secondaries } = await membersHolding('proof-a');
    const all = [primary, ...secondaries];
    const before = await Promise.all(all.map(readsOn));
    for (let n = 0; n < 20; n++) {
      expect((await gateway.ask('GET', 'Patient/proof-a')).status).toBe(200);
      expect((await gateway.ask('GET', 'Observation?patient=proof-a')).status).toBe(200);
    }
    const [onPrimary = 0, ...onSecondaries] = (await Promise.all(all.map(readsOn))).map((count, index) => count - (before[index] ?? 0));
    expect(onSecondaries.reduce((sum, count) => sum + count, 0)).toBeGreaterThanOrEqual(40);
    // The statistics themselves, and what the gateway asks for itself.
    expect(onPrimary).toBeLessThan(20);
    const written = await Promise.all(all.map(readsOn));
    for (let n = 0; n < 10; n++)
      expect((await gateway.ask('PATCH', 'Patient/proof-a', [{ op: 'add', path: '/active', value: n % 2 === 0 }], PATCH)).status).toBe(200);
    const grown = (await readsOn(primary)) - (written[0] ?? 0);
    expect(grown).toBeGreaterThan(0);
  });

  test('never answer older than the token says, whichever member is asked', { timeout: 60_000 }, async () => {
    const { primary, secondaries } = await membersHolding('proof-c');
    const [late = ''] = secondaries;
    const birthDates = async (headers: Record<string, string>) => {
      const answers = await Promise.all(Array.from({ length: 12 }, () => gateway.ask('GET', 'Patient/proof-c', undefined, headers)));
      return new Set(answers.map(({ json }) => json.birthDate));
    };
    expect((await gateway.ask('PUT', 'Patient/proof-c', patientWith('proof-c', '1901-01-01'))).status).toBe(200);
    // Until both have it.
    for (let n = 0; n < 50 && !isOnly(await birthDates({}), '1901-01-01'); n++) await sleep(100);
    // The other one must not wait for the locked member, or there is no majority.
    const sourceOf = async (host: string) =>
      (await withMember(host, (client) => client.db('admin').command({ replSetGetStatus: 1 }))).syncSourceHost;
    await expect.poll(() => Promise.all(secondaries.map(sourceOf)), { timeout: 10_000 }).toEqual([primary, primary]);
    // A locked member goes on answering and applies nothing.
    await withMember(late, (client) => client.db('admin').command({ fsync: 1, lock: true }));
    let answer: Awaited<ReturnType<typeof gateway.ask>>;
    try {
      answer = await gateway.ask('PUT', 'Patient/proof-c', patientWith('proof-c', '1902-02-02'));
      expect(answer.status).toBe(200);
      const stale = new Set<string>();
      for (let n = 0; n < 20 && !stale.has('1901-01-01'); n++) for (const date of await birthDates({})) stale.add(date);
      expect(stale).toContain('1901-01-01');
      // The locked member never gets there: the primary answers for it.
      const startedAt = performance.now();
      const fresh = await birthDates({ 'Consistency-Token': answer.headers.get('Consistency-Token') ?? '' });
      expect([...fresh]).toEqual(['1902-02-02']);
      expect(performance.now() - startedAt).toBeLessThan(3_000);
    } finally {
      await withMember(late, (client) => client.db('admin').command({ fsyncUnlock: 1 }));
    }
  });

  test('refuse a token that was tampered with, for reads and writes alike', async () => {
    const token = (await gateway.ask('GET', 'Patient/proof-a')).headers.get('Consistency-Token') ?? '';
    const forged = { 'Consistency-Token': `${token.startsWith('A') ? 'B' : 'A'}${token.slice(1)}` };
    for (const method of ['GET', 'DELETE']) {
      const { status, json } = await gateway.ask(method, 'Patient/proof-a', undefined, forged);
      expect([status, json.issue[0].diagnostics]).toEqual([400, expect.stringContaining('Consistency-Token')]);
    }
    for (const path of ['Patient/proof-a', 'Patient?_id=proof-a', 'Patient/proof-a/_history', 'Patient/proof-a/$everything'])
      expect((await gateway.ask('GET', path, undefined, { 'Consistency-Token': token })).status).toBe(200);
  });
});

const PATCH = { 'Content-Type': 'application/json-patch+json' };
const isOnly = (values: ReadonlySet<string>, value: string) => values.size === 1 && values.has(value);

describe('$replica?verify=true', () => {
  test('finds all members equal at one cluster time while somebody writes, and signs and keeps that', async () => {
    expect((await gateway.ask('POST', '', transaction('proof-a'))).status).toBe(200);
    let isOver = false;
    const writing = (async () => {
      for (let n = 0; !isOver; n++)
        await gateway.ask('PUT', 'Patient/proof-b', { resourceType: 'Patient', id: 'proof-b', multipleBirthInteger: n });
    })();
    const proof = await verify();
    isOver = true;
    await writing;
    expect(verdictsOf(proof)).toEqual(['shard_0 equal', 'shard_1 equal', 'postgresql not configured']);
    expect(textOf(proof, 'verdict')).toBe('equal');
    const [ledger] = named(proof, 'ledger');
    expect(named(ledger?.part ?? [], 'whole')[0]?.valueInteger).toBeGreaterThanOrEqual(1);
    const sets = named(proof, 'provenSet').slice(0, 2);
    expect(new Set(sets.map(({ part }) => textOf(part, 'at'))).size).toBe(1);
    const signed = textOf(proof, 'signed') ?? '';
    expect(decodeProtectedHeader(signed)).toMatchObject({ alg: 'ES256', typ: 'consistency-proof+jws' });
    expect(decodeJwt(signed)).toMatchObject({ proof: textOf(proof, 'proof'), verdict: 'equal' });
    expect(await verify(`proof=${textOf(proof, 'proof')}`)).toEqual(proof);
    expect(named(await verify('verify=list'), 'proof').map(({ part }) => textOf(part, 'proof'))).toContain(textOf(proof, 'proof'));
  });

  test('is a job for who prefers one, and of one shard for who names it', async () => {
    const kickOff = await gateway.ask('GET', '$replica?verify=true&shard=shard_1', undefined, { Prefer: 'respond-async' });
    expect(kickOff.status).toBe(202);
    const address = kickOff.headers.get('Content-Location')?.slice(gateway.url.length + 1) ?? '';
    for (let n = 0; n < 100; n++) {
      const answer = await gateway.ask('GET', address);
      if (answer.status === 200) {
        expect(verdictsOf(answer.json.parameter)).toEqual(['shard_1 equal']);
        return;
      }
      expect(answer.status).toBe(202);
      await sleep(100);
    }
    throw new Error('the job did not end');
  });

  test.each(['verify=perhaps', 'verify=true&shard=shard_9'])('refuses %s', async (query) => {
    expect((await gateway.ask('GET', `$replica?${query}`)).status).toBe(400);
  });

  test('names what was altered, removed and added by hand on one secondary', { timeout: 240_000 }, async () => {
    const { shard, secondaries } = await membersHolding('proof-a');
    const [host = ''] = secondaries;
    const place = `${recordKeyOf('proof-a')}/Patient/proof-a`;
    await alterByHand(host, async (client) => {
      const resources = client.db('meridian').collection<{ _id: string; type: string }>('resources');
      await resources.updateOne({ _id: place }, { $set: { raw: '{"resourceType":"Patient","id":"proof-a","active":false}' } });
      await resources.deleteOne({ _id: { $gt: `${place}`, $regex: `^${recordKeyOf('proof-a')}/` } });
      await resources.insertOne({ _id: `${place}-twin`, type: 'Patient' });
    });
    const proof = await verify();
    expect(textOf(proof, 'verdict')).toBe('diverging');
    expect(verdictsOf(proof)).toContain(`${shard} diverging`);
    const told = named(proof, 'divergence').map(({ part }) => part ?? []);
    const ids = [...new Set(told.map((part) => textOf(part, 'id')))];
    expect(ids).toContain(place);
    expect(ids).toContain(`${place}-twin`);
    const digests = told.filter((part) => textOf(part, 'id') === place).map((part) => [textOf(part, 'host'), textOf(part, 'digest')]);
    expect(digests).toHaveLength(3);
    const odd = digests.filter(([, digest]) => digests.filter(([, other]) => other === digest).length === 1);
    expect(odd.map(([at]) => at)).toEqual([host]);
    const twin = told.filter((part) => textOf(part, 'id') === `${place}-twin`);
    expect(twin.filter((part) => textOf(part, 'digest') !== 'not there').map((part) => textOf(part, 'host'))).toEqual([host]);
  });

  test('is incomplete while a member is away, and says which', { timeout: 60_000 }, async () => {
    const { parameter } = (await gateway.ask('POST', '$replica?action=fail&shard=shard_1&role=secondary')).json;
    const proof = await verify('verify=true&shard=shard_1');
    await gateway.ask('POST', '$replica?action=restore&shard=shard_1');
    const [set] = named(proof, 'provenSet');
    const away = named(set?.part ?? [], 'member').filter(({ part }) => textOf(part, 'problem'));
    expect(away.map(({ part }) => textOf(part, 'host'))).toEqual([textOf(parameter, 'member')]);
    expect(['incomplete', 'diverging']).toContain(textOf(set?.part, 'verdict'));
  });
});
