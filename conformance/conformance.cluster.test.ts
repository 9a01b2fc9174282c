/** Every conformance case against the gateway as it is composed for users: sharded MongoDB and PostgreSQL. */
import { afterAll, beforeAll } from 'vitest';
import { testDatabases } from '../tests/support/databases.ts';
import { type ComposedGateway, startComposedGateway } from './composed-gateway.ts';
import { describeConformance } from './conformance-suite.ts';

const databases = await testDatabases();
let gateway: ComposedGateway;

beforeAll(async () => {
  gateway = await startComposedGateway(databases);
}, 120_000);

afterAll(() => gateway?.close(), 30_000);

const sharded = process.env.TEST_SHARDS === '0' ? [] : ['sharded'];
describeConformance(() => gateway.target, ['forwarded', 'full-text', 'benchmark', 'base', ...sharded]);
describeConformance(() => gateway.target, [], 'security');
