/** `$benchmark` against the engines themselves. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { MongoClient } from 'mongodb';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openLocalIssuer } from '../../src/access/local-key.ts';
import { testDatabases } from '../support/databases.ts';
import { type GatewayProcess, startGatewayProcess } from '../support/gateway-process.ts';

const { mongodbUri, databaseUrl } = await testDatabases();
const stores = ['--connect', '--mongodb-uri', mongodbUri, '--database-url', databaseUrl];
const mongo = new MongoClient(mongodbUri);
const postgres = new pg.Pool({ connectionString: databaseUrl, max: 1 });
let dataDir: string;
let gateway: GatewayProcess;
let admin: Record<string, string>;
let ownCaches: readonly number[];
/** The first one has the cache of all. */
let enlargedCaches: readonly number[];

async function tokenFor(scope: string): Promise<Record<string, string>> {
  const issuer = await openLocalIssuer(dataDir);
  return { Authorization: `Bearer ${await issuer.sign({ audience: gateway.url, scope, subject: 'admin', ttlSeconds: 600 })}` };
}

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'meridian-benchmark-'));
  gateway = await startGatewayProcess({ dataDir, args: stores });
  admin = await tokenFor('system/$benchmark.c');
  ownCaches = await caches();
  enlargedCaches = [ownCaches.reduce((sum, mb) => sum + mb, 0), ...ownCaches.slice(1)];
}, 120_000);

afterAll(async () => {
  await gateway?.end('SIGTERM');
  await Promise.all([mongo.close(), postgres.end(), rm(dataDir, { recursive: true, force: true })]);
}, 30_000);

interface Part {
  readonly name: string;
  readonly valueString?: string;
  readonly valueInteger?: number;
  readonly valueDecimal?: number;
  readonly part?: readonly Part[];
}

/** Databases and schemas of benchmarks, in both stores. */
async function leftovers(): Promise<readonly string[]> {
  const [{ databases }, { rows }] = await Promise.all([
    mongo.db('admin').admin().listDatabases({ nameOnly: true }),
    postgres.query<{ name: string }>(
      `SELECT nspname AS name FROM pg_namespace WHERE nspname LIKE 'benchmark%'
       UNION ALL SELECT datname FROM pg_database WHERE starts_with(datname, current_database() || '_benchmark_')`,
    ),
  ]);
  return [
    ...databases.map(({ name }) => name).filter((name) => name.startsWith(`${mongo.db().databaseName}_benchmark_`)),
    ...rows.map(({ name }) => name),
  ];
}

/** MB of cache of each shard's primary, in the order of the shards. */
async function caches(): Promise<readonly number[]> {
  const { shards } = (await mongo.db('admin').command({ listShards: 1 })) as unknown as { shards: { _id: string; host: string }[] };
  return Promise.all(
    shards
      .sort((a, b) => (a._id < b._id ? -1 : 1))
      .map(async ({ _id, host }) => {
        const shard = new MongoClient(`mongodb://${host.slice(host.indexOf('/') + 1)}/?replicaSet=${_id}`);
        try {
          const { wiredTiger } = await shard.db('admin').command({ serverStatus: 1 });
          return Number(wiredTiger.cache['maximum bytes configured']) / 2 ** 20;
        } finally {
          await shard.close();
        }
      }),
  );
}

const named = (parts: readonly Part[] | undefined, name: string) => parts?.filter((part) => part.name === name) ?? [];
const numberOf = (parts: readonly Part[] | undefined, name: string) => {
  const [found] = named(parts, name);
  return found?.valueInteger ?? found?.valueDecimal;
};
const textOf = (parts: readonly Part[] | undefined, name: string) => named(parts, name)[0]?.valueString;

describe('$benchmark', () => {
  const startBenchmark = async (query: string) => {
    const started = await gateway.ask('POST', `$benchmark?${query}`, undefined, admin);
    return { started, status: started.headers.get('Content-Location')?.slice(gateway.url.length + 1) ?? '' };
  };
  /** The one before may still be clearing up. */
  const startWhenFree = async (query: string) => {
    for (;;) {
      const answer = await startBenchmark(query);
      if (answer.started.status !== 429) return answer;
      await sleep(200);
    }
  };
  const SMALL = 'records=500&queries=10&rounds=5&concurrency=2';

  test('$benchmark is a job that compares layouts of each store, tells why, and is kept', { timeout: 120_000 }, async () => {
    const { started, status } = await startBenchmark(`${SMALL}&ranges=4,6&seconds=60`);
    expect(started.status).toBe(202);
    const second = await gateway.ask('POST', '$benchmark', undefined, admin);
    expect([second.status, second.headers.get('Retry-After')]).toEqual([429, '30']);
    let answer = await gateway.ask('GET', status, undefined, admin);
    for (; answer.status === 202; answer = await gateway.ask('GET', status, undefined, admin)) {
      expect(answer.headers.get('X-Progress')).toMatch(/^\d+%$/);
      await sleep(200);
    }
    expect(answer.status, answer.text).toBe(200);
    const { parameter } = answer.json;
    const headlines = named(parameter, 'headline').map(({ part }) => ['layout', 'against', 'cache'].map((name) => textOf(part, name)));
    expect(headlines).toEqual([
      ['4 ranges', 'unsharded', 'equal by member'],
      ['4 ranges', 'unsharded, total cache', 'equal in total'],
      ['6 ranges', 'unsharded', 'equal by member'],
      ['6 ranges', 'unsharded, total cache', 'equal in total'],
      ['partitioned', 'unpartitioned', 'the same one'],
    ]);
    expect(await caches()).toEqual(ownCaches);
    for (const { part } of named(parameter, 'comparison')) {
      const [low = 0, ratio = 0, high = 0] = ['low', 'ratio', 'high'].map((name) => numberOf(part, name));
      expect([low > 0, low <= ratio, ratio <= high]).toEqual([true, true, true]);
    }
    const touched = (query: string, layout: string) => {
      const row = named(parameter, 'explain').find(({ part }) => textOf(part, 'query') === query && textOf(part, 'layout') === layout);
      return [numberOf(row?.part, 'touched'), numberOf(row?.part, 'of')];
    };
    expect(touched('read by id', '4 ranges')).toEqual([1, 4]);
    expect(touched('population, sorted page', '4 ranges')).toEqual([4, 4]);
    expect(touched('population, sorted page', 'unsharded')).toEqual([1, 4]);
    expect(touched('population, a month', 'partitioned')).toEqual([1, 8]);
    expect(touched('read by id, no date', 'partitioned')).toEqual([8, 8]);

    const kept = (await gateway.ask('GET', '$benchmark', undefined, admin)).json.parameter;
    expect(textOf(named(kept, 'run')[0]?.part, 'run')).toBe(textOf(parameter, 'run'));
    const compared = (await gateway.ask('GET', `$benchmark?compare=${textOf(parameter, 'run')}`, undefined, admin)).json.parameter;
    expect(new Set(named(compared, 'change').map(({ part }) => textOf(part, 'change')))).toEqual(new Set(['not told apart']));
    expect((await gateway.ask('GET', '$benchmark?compare=none', undefined, admin)).status).toBe(404);
    expect(await leftovers()).toEqual([]);
  });

  /** Long enough to be disturbed while the one member has the cache of all. */
  const LONG = 'suite=sharding&records=500&queries=200&rounds=20';

  test('$benchmark that is cancelled while one member has the cache of all gives it its own back', { timeout: 60_000 }, async () => {
    const { started, status } = await startWhenFree(LONG);
    expect(started.status, started.text).toBe(202);
    await expect.poll(caches, { timeout: 40_000 }).toEqual(enlargedCaches);
    expect((await gateway.ask('DELETE', status, undefined, admin)).status).toBe(202);
    await expect.poll(caches, { timeout: 20_000 }).toEqual(ownCaches);
    await expect.poll(leftovers, { timeout: 20_000 }).toEqual([]);
  });

  test('$benchmark that is cancelled is gone at once, leaves nothing behind and makes room for the next', async () => {
    const { started, status } = await startWhenFree('records=20000');
    expect(started.status).toBe(202);
    await expect.poll(leftovers, { timeout: 20_000 }).not.toEqual([]);
    expect((await gateway.ask('DELETE', status, undefined, admin)).status).toBe(202);
    expect((await gateway.ask('GET', status, undefined, admin)).status).toBe(404);
    await expect.poll(leftovers, { timeout: 20_000 }).toEqual([]);
    await expect
      .poll(async () => {
        const next = await startBenchmark(SMALL);
        if (next.started.status === 202) await gateway.ask('DELETE', next.status, undefined, admin);
        return next.started.status;
      })
      .toBe(202);
    await expect.poll(leftovers, { timeout: 20_000 }).toEqual([]);
  });

  test('$benchmark has nobody to take over in shards of one member', async () => {
    expect((await startBenchmark('suite=failover')).started.status).toBe(403);
    const token = await tokenFor('system/$benchmark.c system/$replica.ru');
    expect((await gateway.ask('POST', '$benchmark?suite=failover', undefined, token)).status).toBe(422);
  });

  test('$benchmark gives transactions over both stores up at each step: all or nothing, and nothing is left', {
    timeout: 120_000,
  }, async () => {
    expect((await startBenchmark('suite=bundle-crash')).started.status).toBe(403);
    const token = await tokenFor('system/$benchmark.c system/$replica.u');
    const start = () => gateway.ask('POST', '$benchmark?suite=bundle-crash&rounds=5&seconds=60', undefined, token);
    let started = await start();
    // The one before may still be clearing up.
    for (; started.status === 429; started = await start()) await sleep(200);
    expect(started.status, started.text).toBe(202);
    const status = started.headers.get('Content-Location')?.slice(gateway.url.length + 1) ?? '';
    let answer = await gateway.ask('GET', status, undefined, token);
    for (; answer.status === 202; answer = await gateway.ask('GET', status, undefined, token)) await sleep(200);
    expect(answer.status, answer.text).toBe(200);
    const rows = named(answer.json.parameter, 'crash').map(({ part }) => ({
      cause: textOf(part, 'cause'),
      ...Object.fromEntries((part ?? []).map(({ name, valueInteger }) => [name, valueInteger]).filter(([, value]) => value !== undefined)),
    }));
    const row = (step: string, figures: Record<string, number>) => ({
      cause: `given up: ${step}`,
      ...{ transactions: 20, acknowledged: 15, torn: 0, acknowledgedAndLost: 0, leftPrepared: 0 },
      ...figures,
    });
    expect(rows).toEqual([
      row('before-prepare', { recovered: 0, whole: 15, nothing: 5 }),
      row('prepared', { recovered: 5, whole: 15, nothing: 5 }),
      row('decided', { recovered: 5, whole: 20, nothing: 0 }),
      row('finished', { recovered: 0, whole: 20, nothing: 0 }),
    ]);
    expect(named(answer.json.parameter, 'note').map(({ valueString }) => valueString)).toContainEqual(
      expect.stringContaining('No primary was killed'),
    );
    expect(await leftovers()).toEqual([]);
  });

  test('$benchmark of a gateway that was killed is swept when the next one starts', { timeout: 120_000 }, async () => {
    await startWhenFree(LONG);
    await expect.poll(caches, { timeout: 40_000 }).toEqual(enlargedCaches);
    await gateway.end('SIGKILL');
    expect(await leftovers()).not.toEqual([]);
    expect(await caches()).toEqual(enlargedCaches);
    gateway = await startGatewayProcess({ dataDir, args: stores });
    await expect.poll(leftovers, { timeout: 60_000 }).toEqual([]);
    await expect.poll(caches, { timeout: 20_000 }).toEqual(ownCaches);
  });
});
