/** Encryption that was on from the first write: nothing of an identifier is anywhere, in no log, queue or ledger either. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { newFieldKey } from '../../src/encryption/field-keys.ts';
import { testDatabases } from '../support/databases.ts';
import { everythingStored, findings } from './everything-stored.ts';
import { type Place, withGateway } from './gateways.ts';
import { ALL_PLANTED, expectFound, PLANTED, plant } from './planted.ts';

const place: Place = { ...(await testDatabases()), dataDir: await mkdtemp(join(tmpdir(), 'meridian-encryption-')) };
afterAll(() => rm(place.dataDir, { recursive: true, force: true }));
const env = { FIELD_ENCRYPTION: 'on', FIELD_ENCRYPTION_KEYS: newFieldKey('only') };
const ownParameter = {
  resourceType: 'SearchParameter',
  url: 'urn:mrn-text',
  name: 'mrnText',
  status: 'active',
  description: 'identifiers as strings',
  code: 'mrn-text',
  base: ['Patient'],
  type: 'string',
  expression: 'Patient.identifier.value',
};

test('identifiers are nowhere, and found all the same', { timeout: 120_000 }, async () => {
  await withGateway(place, env, async (ask) => {
    const refused = await ask('PUT', 'SearchParameter/mrn-text', { ...ownParameter, id: 'mrn-text' });
    expect([refused.status, refused.json.issue[0].diagnostics]).toEqual([422, expect.stringContaining('field encryption hides')]);
    await plant(ask);
    await expectFound(ask);
    const audit = await ask('GET', `AuditEvent?type=rest&_count=200&_sort=-date`);
    expect([audit.status, audit.text]).toEqual([200, expect.anything()]);
    const queries = [...audit.text.matchAll(/"query":"([^"]+)"/g)].map(([, text = '']) => Buffer.from(text, 'base64').toString());
    expect(queries.some((query) => query.includes(`identifier=${PLANTED.ssn}`))).toBe(true);
  });
  expect(findings(await everythingStored(place.mongodbUri, place.databaseUrl, place.dataDir), ALL_PLANTED)).toEqual([]);
});
