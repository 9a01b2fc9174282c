/** Cases that write and find identifiers, with identifiers encrypted in both databases. All others run so on the memory store. */
import { afterAll, beforeAll } from 'vitest';
import { newFieldKey } from '../src/encryption/field-keys.ts';
import { testDatabases } from '../tests/support/databases.ts';
import { type ComposedGateway, startComposedGateway } from './composed-gateway.ts';
import { describeConformance } from './conformance-suite.ts';

const FILES = ['conditional', 'de-identification', 'erasure', 'exactness', 'history', 'idempotency', 'patch', 'search', 'search-chains'];

const databases = await testDatabases();
let gateway: ComposedGateway;

beforeAll(async () => {
  gateway = await startComposedGateway(databases, { FIELD_ENCRYPTION: 'on', FIELD_ENCRYPTION_KEYS: newFieldKey('test') });
}, 120_000);

afterAll(() => gateway?.close(), 30_000);

describeConformance(() => gateway.target, ['full-text'], 'cases', [...FILES, 'transaction', 'update']);
