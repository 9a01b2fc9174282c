/** Every conformance case against the gateway as it is composed for users: sharded MongoDB and PostgreSQL. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import { openLocalIssuer } from '../src/access/local-key.ts';
import { loadConfig } from '../src/config/load.ts';
import { createGateway, type Gateway } from '../src/gateway.ts';
import { testDatabases } from '../tests/support/databases.ts';
import { freePort } from '../tests/support/gateway-process.ts';
import { describeConformance, untilIndexed } from './conformance-suite.ts';
import { createForge } from './runner/forge.ts';
import type { Target } from './runner/send.ts';

const { mongodbUri, databaseUrl } = await testDatabases();
let dataDir: string;
let gateway: Gateway;
let target: Target;

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'meridian-conformance-'));
  const stores = ['--connect', '--mongodb-uri', mongodbUri, '--database-url', databaseUrl];
  const config = loadConfig(
    [
      '--port',
      String(await freePort()),
      '--data-dir',
      dataDir,
      '--log-level',
      'warn',
      '--trust-forwarded',
      '--full-text',
      'all',
      ...stores,
    ],
    {},
  );
  gateway = await createGateway(config);
  const { url } = await gateway.listen();
  const issuer = await openLocalIssuer(dataDir);
  target = {
    baseUrl: url,
    token: (scope, client = 'test', context = {}) => issuer.sign({ audience: url, scope, subject: client, ttlSeconds: 600, ...context }),
    forge: await createForge(dataDir, url),
  };
  await untilIndexed(target);
}, 120_000);

afterAll(async () => {
  await gateway?.close();
  await rm(dataDir, { recursive: true, force: true });
}, 30_000);

const sharded = process.env.TEST_SHARDS === '0' ? [] : ['sharded'];
describeConformance(() => target, ['forwarded', 'full-text', 'benchmark', ...sharded]);
describeConformance(() => target, [], 'security');
