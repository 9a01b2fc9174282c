/** Encryption that was on from the first write: nothing of an identifier is anywhere, in no log, queue or ledger either. */
import { afterAll, expect, test } from 'vitest';
import { newFieldKey } from '../../src/encryption/field-keys.ts';
import { everythingStored, findings } from './everything-stored.ts';
import { openPlace, withGateway } from './gateways.ts';
import { ALL_PLANTED, expectFound, OVER_IDENTIFIERS, PLANTED, plant } from './planted.ts';

const place = await openPlace();
afterAll(() => place.close());
const env = { FIELD_ENCRYPTION: 'on', FIELD_ENCRYPTION_KEYS: newFieldKey('only') };

test('identifiers are nowhere, and found all the same', { timeout: 120_000 }, async () => {
  await withGateway(place, env, async (ask) => {
    const refused = await ask('PUT', 'SearchParameter/mrn-text', OVER_IDENTIFIERS);
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
