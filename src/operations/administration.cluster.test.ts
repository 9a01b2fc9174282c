/** `$shard` and `$replica` against the engines themselves. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { testDatabases } from '../../tests/support/databases.ts';
import { type GatewayProcess, startGatewayProcess } from '../../tests/support/gateway-process.ts';
import { openLocalIssuer } from '../access/local-key.ts';

const { mongodbUri, databaseUrl } = await testDatabases();
let dataDir: string;
let gateway: GatewayProcess;
let admin: Record<string, string>;

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'meridian-operations-'));
  gateway = await startGatewayProcess({ dataDir, args: ['--connect', '--mongodb-uri', mongodbUri, '--database-url', databaseUrl] });
  const scope = 'system/*.cruds system/$shard.rs system/$replica.rs';
  const token = await (await openLocalIssuer(dataDir)).sign({ audience: gateway.url, scope, subject: 'admin', ttlSeconds: 600 });
  admin = { Authorization: `Bearer ${token}` };
}, 120_000);

afterAll(async () => {
  await gateway?.end('SIGTERM');
  await rm(dataDir, { recursive: true, force: true });
}, 30_000);

interface Part {
  readonly name: string;
  readonly valueString?: string;
  readonly part?: readonly Part[];
}

const named = (parts: readonly Part[] | undefined, name: string) => parts?.filter((part) => part.name === name) ?? [];
const textOf = (parts: readonly Part[] | undefined, name: string) => named(parts, name)[0]?.valueString;

const numberOf = (parts: readonly Part[] | undefined, name: string) => {
  const [found] = named(parts, name) as { valueInteger?: number; valueDecimal?: number }[];
  return found?.valueInteger ?? found?.valueDecimal;
};

describe('administration', () => {
  test('$shard counts patients and what is read and written on each shard', async () => {
    for (let n = 0; n < 12; n++) await gateway.ask('POST', 'Patient', { resourceType: 'Patient' });
    let isOver = false;
    const writing = (async () => {
      while (!isOver) await gateway.ask('POST', 'Patient', { resourceType: 'Patient' });
    })();
    const { parameter } = (await gateway.ask('GET', '$shard', undefined, admin)).json;
    isOver = true;
    await writing;
    const shards: Part[] = named(parameter, 'shard');
    const total = (name: string) => shards.reduce((sum, { part }) => sum + (numberOf(part, name) ?? 0), 0);
    expect(total('patients')).toBeGreaterThanOrEqual(12);
    expect(total('documents')).toBeGreaterThanOrEqual(12);
    expect(total('writesPerSecond')).toBeGreaterThan(0);
    const { text } = await gateway.ask('GET', '$shard', undefined, { ...admin, Accept: 'text/plain' });
    expect(text).toMatch(/^name +host +chunks +documents +bytes +indexBytes +patients +readsPerSecond +writesPerSecond$/m);
    expect(text).toMatch(/^shard +min +max$/m);
    expect(text).toMatch(/^table +name +range +isDefault +rows +bytes/m);
  });

  test('$shard tells every shard with its range, and the partitions', async () => {
    const { parameter } = (await gateway.ask('GET', '$shard', undefined, admin)).json;
    expect(textOf(parameter, 'topology')).toBe('sharded');
    const chunks = named(parameter, 'chunk').map(({ part }) => [textOf(part, 'shard'), textOf(part, 'min')]);
    expect(chunks).toEqual([
      ['shard_0', 'MinKey'],
      ['shard_1', '004'],
      ['shard_2', '008'],
      ['shard_3', '00c'],
    ]);
    expect(named(parameter, 'router')).toHaveLength(1);
    expect(textOf(parameter, 'configServer')).toMatch(/:\d+$/);
    expect(named(parameter, 'partition').map(({ part }) => textOf(part, 'table'))).toContain('encounter');
  });

  test('a patient’s $shard is the one whose range holds the record key, and names the partition of an admission', async () => {
    const { id } = (await gateway.ask('POST', 'Patient', { resourceType: 'Patient' })).json;
    const encounter = {
      resourceType: 'Encounter',
      status: 'finished',
      class: { code: 'IMP' },
      subject: { reference: `Patient/${id}` },
      period: { start: '2023-02-03' },
    };
    expect((await gateway.ask('POST', 'Encounter', encounter)).status).toBe(201);
    const { parameter } = (await gateway.ask('GET', `Patient/${id}/$shard`, undefined, admin)).json;
    expect(textOf(parameter, 'recordKey')).toBe(id.slice(-10));
    expect(textOf(parameter, 'shard')).toBe(`shard_${Math.floor(Number.parseInt(id.at(-8), 16) / 4)}`);
    expect(named(parameter, 'partition').map(({ part }) => [textOf(part, 'type'), textOf(part, 'name')])).toEqual([
      ['Encounter', 'encounter_y2023'],
    ]);
  });

  test('$replica tells each set’s primary and a verdict', async () => {
    const { parameter } = (await gateway.ask('GET', '$replica', undefined, admin)).json;
    const sets = named(parameter, 'replicaSet').map(({ part }) => [textOf(part, 'name'), textOf(part, 'verdict')]);
    expect(sets).toEqual([...[0, 1, 2, 3].map((n) => [`shard_${n}`, 'healthy']), ['postgresql', 'healthy']]);
  });

  test('none of it is for a token without the admin scopes, system/* included', async () => {
    const token = await (await openLocalIssuer(dataDir)).sign({
      audience: gateway.url,
      scope: 'system/*.cruds',
      subject: 'app',
      ttlSeconds: 600,
    });
    for (const [method, path] of [
      ['GET', '$shard'],
      ['GET', '$replica'],
      ['POST', '$benchmark'],
    ] as const) {
      expect((await gateway.ask(method, path, undefined, { Authorization: `Bearer ${token}` })).status, path).toBe(403);
    }
  });
});
