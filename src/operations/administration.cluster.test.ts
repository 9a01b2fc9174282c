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
  gateway = await startGatewayProcess({
    dataDir,
    args: ['--connect', '--mongodb-uri', mongodbUri, '--database-url', databaseUrl, '--regions', 'state:QQ=8q'],
  });
  const scope = 'system/*.cruds system/$shard.rus system/$replica.rs';
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

  test('$shard archives a year, confirms, and restores it: reads and writes of it are refused by name meanwhile', async () => {
    const encounter = (start: string) => ({
      resourceType: 'Encounter',
      status: 'finished',
      class: { code: 'IMP' },
      period: { start, end: start },
    });
    const { id } = (await gateway.ask('POST', 'Encounter', encounter('2011-02-03'))).json;
    await gateway.ask('POST', 'Encounter', encounter('2012-02-03'));
    const act = async (query: string) => gateway.ask('POST', `$shard?type=Encounter&year=2011&action=${query}`, undefined, admin);
    const found = async (year: number) => (await gateway.ask('GET', `Encounter?date=${year}&_summary=count`)).json.total;

    const dry = (await act('archive-partition&dry-run=true')).json.parameter;
    expect([textOf(dry, 'partition'), numberOf(dry, 'rows')]).toEqual(['encounter_y2011', 1]);
    expect(await found(2011)).toBe(1);
    const exported = await act('archive-partition');
    expect(exported.status, exported.text).toBe(200);
    const sha256 = textOf(exported.json.parameter, 'sha256');
    expect(sha256).toMatch(/^[0-9a-f]{64}$/);

    const read = await gateway.ask('GET', `Encounter/${id}`);
    expect([read.status, read.json.issue[0].diagnostics]).toEqual([410, expect.stringContaining('encounter_y2011')]);
    const refused = await gateway.ask('POST', 'Encounter', encounter('2011-05-05'));
    expect([refused.status, refused.json.issue[0].diagnostics]).toEqual([409, expect.stringContaining('encounter_y2011')]);
    // 409 where the gateway still remembers the version that it wrote.
    expect([409, 410]).toContain((await gateway.ask('PUT', `Encounter/${id}`, { ...encounter('2013-01-01'), id })).status);
    expect([await found(2011), await found(2012)]).toEqual([0, 1]);
    const { parameter } = (await gateway.ask('GET', '$shard', undefined, admin)).json;
    expect(named(parameter, 'archive').map(({ part }) => textOf(part, 'partition'))).toEqual(['encounter_y2011']);

    expect((await act(`archive-partition&confirm=${sha256}`)).status).toBe(200);
    const restored = await act('restore-partition');
    expect(restored.status, restored.text).toBe(200);
    expect(textOf(restored.json.parameter, 'sha256')).toBe(sha256);
    expect((await gateway.ask('GET', `Encounter/${id}`)).status).toBe(200);
    expect(await found(2011)).toBe(1);
  });

  test('$shard moves a range with its records and their history, says beforehand how much, and moves it back', {
    timeout: 90_000,
  }, async () => {
    const ids: string[] = [];
    while (ids.length < 12) {
      const { id } = (await gateway.ask('POST', 'Patient', { resourceType: 'Patient' })).json;
      await gateway.ask('PUT', `Patient/${id}`, { resourceType: 'Patient', id, active: true });
      ids.push(id);
    }
    const moving = ids.filter((id) => /-00[0-3]/.test(id));
    const act = (query: string) => gateway.ask('POST', `$shard?min=000&max=004&${query}`, undefined, admin);
    const shardOf = async (id = '') => textOf((await gateway.ask('GET', `Patient/${id}/$shard`, undefined, admin)).json.parameter, 'shard');
    const dry = (await act('action=move-range&shard=shard_1&dry-run=true')).json.parameter;
    expect(numberOf(dry, 'documents')).toBeGreaterThanOrEqual(2 * moving.length);
    if (moving[0]) expect(await shardOf(moving[0])).toBe('shard_0');

    let isOver = false;
    const failed: unknown[] = [];
    const reading = (async () => {
      while (!isOver) {
        for (const id of moving) {
          const version = await gateway.ask('GET', `Patient/${id}/_history/1`);
          const current = await gateway.ask('PUT', `Patient/${id}`, { resourceType: 'Patient', id, active: !isOver });
          if (version.status !== 200 || current.status !== 200) failed.push(version.text, current.text);
        }
        if (moving.length === 0) break;
      }
    })();
    const moved = await act('action=move-range&shard=shard_1');
    isOver = true;
    await reading;
    expect(moved.status, moved.text).toBe(200);
    expect(failed).toEqual([]);
    if (moving[0]) expect(await shardOf(moving[0])).toBe('shard_1');
    for (const id of ids) expect((await gateway.ask('GET', `Patient/${id}/_history/1`)).status).toBe(200);
    expect(numberOf((await act('action=move-range&shard=shard_1&dry-run=true')).json.parameter, 'documents')).toBe(0);
    const back = await act('action=move-range&shard=shard_0');
    expect(back.status, back.text).toBe(200);
    expect(numberOf((await act('action=move-range&shard=shard_0&dry-run=true')).json.parameter, 'documents')).toBe(0);
  });

  test('$shard?what-if replays recent searches against other layouts, without their values', async () => {
    await gateway.ask('GET', 'Observation?subject=Patient/somebody&code=secret-code');
    await gateway.ask('GET', 'Encounter?date=ge2020-01-01');
    const shards = await gateway.ask('GET', '$shard?what-if=shards:8', undefined, admin);
    expect(shards.status, shards.text).toBe(200);
    expect([numberOf(shards.json.parameter, 'shardsNow'), numberOf(shards.json.parameter, 'shards')]).toEqual([4, 8]);
    expect(numberOf(shards.json.parameter, 'hottestShardDocumentsPercent')).toBeGreaterThan(12);
    expect(shards.text).not.toMatch(/somebody|secret/);
    const shapes = named(shards.json.parameter, 'shape').map(({ part }) => [textOf(part, 'types'), textOf(part, 'parameters')]);
    expect(shapes).toContainEqual(['Observation', expect.stringContaining('Observation.code')]);
    const partitions = await gateway.ask('GET', '$shard?what-if=partitions:month', undefined, admin);
    expect(numberOf(partitions.json.parameter, 'narrowedByDatePercent')).toBeGreaterThan(0);
    for (const question of ['shards:0', 'shards:many', 'partitions:aeon', 'moon'])
      expect((await gateway.ask('GET', `$shard?what-if=${question}`, undefined, admin)).status).toBe(400);
  });

  test('a patient of a region is born into its zone, which can be pinned to a shard, with all its record', async () => {
    const { id } = (await gateway.ask('POST', 'Patient', { resourceType: 'Patient', address: [{ state: 'qq' }] })).json;
    expect(id).toMatch(/-8q[0-9a-f]{8}$/);
    const observation = { resourceType: 'Observation', status: 'final', code: { text: 'x' }, subject: { reference: `Patient/${id}` } };
    expect((await gateway.ask('POST', 'Observation', observation)).json.id.slice(-10)).toBe(id.slice(-10));
    const act = async (query: string) => gateway.ask('POST', `$shard?${query}`, undefined, admin);
    const zone = `region-${Date.now()}`;
    expect((await act(`action=add-zone&zone=${zone}&prefix=8q&shard=shard_1`)).status).toBe(200);
    expect((await act('action=move-range&min=8q&max=8r&shard=shard_1')).status).toBe(200);
    const where = (await gateway.ask('GET', `Patient/${id}/$shard`, undefined, admin)).json.parameter;
    expect([textOf(where, 'shard'), textOf(where, 'zone')]).toEqual(['shard_1', zone]);
    // What the id says stays, wherever the patient moves to.
    expect((await gateway.ask('PUT', `Patient/${id}`, { resourceType: 'Patient', id, address: [{ state: 'ZZ' }] })).status).toBe(200);
    expect((await gateway.ask('GET', `Observation?subject=Patient/${id}`)).json.entry).toHaveLength(1);
    expect((await gateway.ask('POST', 'Patient', { resourceType: 'Patient' })).json.id).toMatch(/-00[0-9a-f]{8}$/);
    expect((await act(`action=remove-zone&zone=${zone}`)).status).toBe(200);
  });

  test('$shard pins record keys to a zone, shows it, and takes it away; the balancer tells its state', async () => {
    const act = async (query: string) => gateway.ask('POST', `$shard?${query}`, undefined, admin);
    const zone = `north-${Date.now()}`;
    const added = await act(`action=add-zone&zone=${zone}&prefix=9q&shard=shard_2`);
    expect(added.status, added.text).toBe(200);
    const { parameter } = (await gateway.ask('GET', '$shard', undefined, admin)).json;
    expect(
      named(parameter, 'shard').filter(({ part }) => named(part, 'zone').some(({ valueString }) => valueString === zone)),
    ).toHaveLength(1);
    expect((await act(`action=add-zone&zone=other&prefix=9q0&shard=shard_2`)).status).toBe(422);
    expect((await act(`action=remove-zone&zone=${zone}`)).status).toBe(200);
    expect((await act(`action=remove-zone&zone=${zone}`)).status).toBe(400);
    expect(textOf((await act('action=balancer')).json.parameter, 'balancer')).toBe('off');
    expect(textOf((await act('action=balancer&mode=start')).json.parameter, 'balancer')).toBe('full');
    expect(textOf((await act('action=balancer&mode=stop')).json.parameter, 'balancer')).toBe('off');
  });

  test.each([
    ['action=move-range&min=00a&max=001&shard=shard_0', 400, 'before max'],
    ['action=move-range&min=00a&max=00b&shard=shard_9', 400, 'shard is one of'],
    ['action=add-zone&zone=a&prefix=X&shard=shard_0', 400, 'prefix'],
    ['action=balancer&mode=faster', 400, 'mode is'],
    ['action=archive-partition', 400, 'type'],
    ['action=archive-partition&type=Patient&year=2011', 400, 'type is one of'],
    ['action=archive-partition&type=Claim&year=12', 400, 'year'],
    ['action=archive-partition&type=Claim&year=1812', 422, 'claim_y1812'],
    ['action=restore-partition&table=claim&year=1812', 422, 'not archived'],
    ['action=explode', 400, 'action is one of'],
  ])('POST $shard?%s is refused with %i', async (query, status, words) => {
    const answer = await gateway.ask('POST', `$shard?${query}`, undefined, admin);
    expect([answer.status, answer.json.issue[0].diagnostics]).toEqual([status, expect.stringContaining(words)]);
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
