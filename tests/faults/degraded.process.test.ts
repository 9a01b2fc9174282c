/**
 * What goes on when a shard has no primary, or a store does not answer. Two shards of three members; members fail by
 * `$replica`, PostgreSQL by being stopped.
 */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { recordKeyOf } from '../../src/model/record-key.ts';
import { type GatewayProcess, startGatewayProcess } from '../support/gateway-process.ts';

let dataDir: string;
let gateway: GatewayProcess;
/** Patients by shard, and an observation of each. */
const records: { patient: string; observation: string }[] = [];

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'meridian-degraded-'));
  gateway = await startGatewayProcess({ dataDir, args: ['--shards', '2', '--members', '3'] });
  for (const shard of [0, 1]) {
    const id = Array.from({ length: 100 }, (_, n) => `degraded-${n}`).find((each) => shardOf(each) === shard) as string;
    expect((await gateway.ask('PUT', `Patient/${id}`, { resourceType: 'Patient', id })).status).toBe(201);
    const { json } = await gateway.ask('POST', 'Observation', observationOf(id));
    const encounter = { resourceType: 'Encounter', status: 'finished', class: { code: 'AMB' }, subject: { reference: `Patient/${id}` } };
    expect((await gateway.ask('POST', 'Encounter', encounter)).status).toBe(201);
    records[shard] = { patient: id, observation: json.id };
  }
}, 180_000);

afterAll(async () => {
  await gateway?.end('SIGTERM');
  await rm(dataDir, { recursive: true, force: true, maxRetries: 5 });
}, 60_000);

/** With two shards the second begins at 008. */
const shardOf = (patientId: string) => (recordKeyOf(patientId) < '008' ? 0 : 1);

const observationOf = (patient: string) => ({
  resourceType: 'Observation',
  status: 'final',
  code: { text: 'degraded' },
  subject: { reference: `Patient/${patient}` },
});

const record = (shard: number) => records[shard] as { patient: string; observation: string };

async function act(query: string) {
  const answer = await gateway.ask('POST', `$replica?${query}`);
  expect(answer.status, answer.text).toBe(200);
  return answer.json.parameter as { name: string; valueString?: string; valueInteger?: number }[];
}

async function readyAs(status: string): Promise<unknown[]> {
  const health = gateway.url.replace('/fhir/R4', '/health/ready');
  for (let n = 0; ; n++) {
    const told = (await (await fetch(health)).json()) as { status: string; troubled: unknown[] };
    if (told.status === status) return told.troubled;
    if (n > 100) throw new Error(`still ${JSON.stringify(told)}`);
    await sleep(200);
  }
}

async function timed<Result>(work: Promise<Result>): Promise<[Result, number]> {
  const startedAt = performance.now();
  return [await work, performance.now() - startedAt];
}

const diagnosticsIn = (bundle: { entry?: { resource: { resourceType: string; issue?: { diagnostics: string }[] } }[] }) =>
  (bundle.entry ?? [])
    .flatMap(({ resource }) => (resource.resourceType === 'OperationOutcome' ? (resource.issue ?? []) : []))
    .map(({ diagnostics }) => diagnostics)
    .join();

describe('a shard without a primary', () => {
  test('is read from a secondary, is refused writes by name, and disturbs nobody else', { timeout: 120_000 }, async () => {
    await act('action=fail&shard=shard_1&role=secondary');
    // The probe of the second failure finds no primary any more, and says so by ending late.
    const failing = act('action=fail&shard=shard_1&role=primary');
    expect(await readyAs('degraded')).toEqual([{ name: 'shard_1', state: 'read-only' }]);
    await sleep(6_000);
    expect((await gateway.ask('GET', '$replica')).text).toContain('"read-only"');

    const { patient, observation } = record(1);
    for (const path of [`Patient/${patient}`, `Observation/${observation}`])
      expect((await gateway.ask('GET', path)).status, path).toBe(200);
    const ofPatient = (await gateway.ask('GET', `Observation?subject=Patient/${patient}`)).json;
    expect(ofPatient.entry).toHaveLength(1);
    const all = (await gateway.ask('GET', 'Observation?code:text=degraded')).json;
    expect(all.entry).toHaveLength(2);
    expect((await gateway.ask('GET', `Patient/${patient}/$everything`)).json.entry).toHaveLength(3);
    expect((await gateway.ask('GET', 'Observation/_history')).status).toBe(200);

    const [refused, refusedMs] = await timed(gateway.ask('POST', 'Observation', observationOf(patient)));
    expect(refused.status, refused.text).toBe(503);
    expect(refused.headers.get('Retry-After')).toBe('2');
    expect(refused.json.issue[0].diagnostics).toContain('shard_1');
    expect(refusedMs).toBeLessThan(1_000);

    const writes = Array.from({ length: 40 }, (_, n) => gateway.ask('POST', 'Observation', observationOf(record(n % 2).patient)));
    const [answers, writesMs] = await timed(Promise.all(writes));
    expect(answers.map(({ status }) => status)).toEqual(answers.map((_, n) => (n % 2 === 0 ? 201 : 503)));
    expect(writesMs).toBeLessThan(3_000);
    await failing;

    await act('action=restore&shard=shard_1');
    await readyAs('ready');
    expect((await gateway.ask('POST', 'Observation', observationOf(patient))).status).toBe(201);
  });

  test('that is lost as a whole is missing from searches, which say so', { timeout: 120_000 }, async () => {
    const hosts = (
      (await gateway.ask('GET', '$replica')).json.parameter as {
        name: string;
        part?: { name: string; valueString?: string; part?: { name: string; valueString?: string }[] }[];
      }[]
    )
      .filter(({ name, part }) => name === 'replicaSet' && part?.some(({ valueString }) => valueString === 'shard_0'))
      .flatMap(({ part }) => part ?? [])
      .filter(({ name }) => name === 'member')
      .map(({ part }) => part?.find(({ name }) => name === 'host')?.valueString);
    const failing = Promise.all(hosts.map((host) => act(`action=fail&shard=shard_0&member=${host}`)));
    await readyAs('degraded');
    await sleep(6_000);

    const found = (await gateway.ask('GET', 'Patient?_sort=_id')).json;
    expect(found.entry.filter(({ search }: { search: { mode: string } }) => search.mode === 'match')).toHaveLength(1);
    expect(diagnosticsIn(found)).toContain('shard_0');
    const strict = await gateway.ask('GET', 'Patient', undefined, { Prefer: 'handling=strict' });
    expect(strict.status).toBe(503);
    expect(strict.json.issue[0].diagnostics).toContain('shard_0');
    const lost = await gateway.ask('GET', `Patient/${record(0).patient}`);
    expect([lost.status, lost.json.issue[0].diagnostics]).toEqual([503, expect.stringContaining('shard_0')]);
    const everything = (await gateway.ask('GET', `Patient/${record(0).patient}/$everything`)).json;
    expect(everything.entry[0].resource.resourceType).toBe('Encounter');
    expect(diagnosticsIn(everything)).toContain('shard_0');
    // More than the lease of a gateway whose seat lay there.
    expect((await gateway.ask('POST', 'Observation', observationOf(record(1).patient))).status).toBe(201);
    expect((await gateway.ask('GET', 'Encounter/_history')).status).toBe(200);
    await failing;

    await act('action=restore&shard=shard_0');
    await readyAs('ready');
    expect((await gateway.ask('GET', `Patient/${record(0).patient}`)).status).toBe(200);
    expect(diagnosticsIn((await gateway.ask('GET', 'Patient')).json)).toBe('');
  });
});
