/** `$replica?verify=true` on the embedded cluster: members that agree, and one that was altered by hand. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { decodeJwt, decodeProtectedHeader } from 'jose';
import { MongoClient } from 'mongodb';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readRecord } from '../../src/embedded/mongo/data-folder.ts';
import { findMongod } from '../../src/embedded/mongo/find-mongod.ts';
import { findFreePorts } from '../../src/embedded/mongo/free-ports.ts';
import { startMongod } from '../../src/embedded/mongo/mongod.ts';
import { recordKeyOf } from '../../src/model/record-key.ts';
import { type GatewayProcess, startGatewayProcess } from '../support/gateway-process.ts';

let dataDir: string;
let gateway: GatewayProcess;

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'meridian-proof-'));
  gateway = await startGatewayProcess({ dataDir, args: ['--shards', '2', '--members', '3'] });
  for (const id of ['proof-a', 'proof-b', 'proof-c']) {
    expect((await gateway.ask('PUT', `Patient/${id}`, { resourceType: 'Patient', id })).status).toBe(201);
  }
}, 180_000);

afterAll(async () => {
  await gateway?.end('SIGTERM');
  await rm(dataDir, { recursive: true, force: true, maxRetries: 5 });
}, 60_000);

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
  const running = new MongoClient(`mongodb://${host}/?directConnection=true`);
  // What is in no checkpoint yet is not there when it runs alone: it would come with the oplog.
  await running.db('admin').command({ fsync: 1 }, { readPreference: 'nearest' });
  await running.close();
  const act = (action: string) => gateway.ask('POST', `$replica?action=${action}&shard=${member.set}&member=${host}`);
  expect((await act('fail')).status).toBe(200);
  const [port = 0] = await findFreePorts(1);
  const binary = await findMongod({ log: () => undefined });
  const alone = await startMongod({ binary, dbPath: join(dataDir, 'mongo', member.role), port, kind: 'plain', cacheGB: 0.25 });
  await alone.ready();
  const client = new MongoClient(`mongodb://127.0.0.1:${port}/?directConnection=true`);
  await alter(client);
  await client.close();
  await alone.stop();
  expect((await act('restore')).status).toBe(200);
  await untilHealthy();
}

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

  test('names what was altered, removed and added by hand on one secondary', { timeout: 120_000 }, async () => {
    const shard = recordKeyOf('proof-a') < '008' ? 'shard_0' : 'shard_1';
    const { parameter } = (await gateway.ask('GET', '$replica')).json;
    const set = named(parameter, 'replicaSet').find(({ part }) => textOf(part, 'name') === shard);
    const secondary = named(set?.part ?? [], 'member').find(({ part }) => textOf(part, 'state') === 'SECONDARY');
    const host = textOf(secondary?.part, 'host') as string;
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
