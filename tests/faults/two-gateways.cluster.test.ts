/** Two gateways on the same stores make one server. */
import { describe, expect, test } from 'vitest';
import { testDatabases } from '../support/databases.ts';
import { gatewaysOfATest, onStores } from '../support/gateway-process.ts';

const databases = await testDatabases();
const { freshFolder, start } = gatewaysOfATest();

const patient = (n: number) => ({ resourceType: 'Patient', identifier: [{ system: 'urn:test:restart', value: `p${n}` }] });

describe('two gateways on the same stores', () => {
  test('start at once, create one resource between them, and see each other’s writes', { timeout: 180_000 }, async () => {
    const dataDir = await freshFolder();
    const options = { dataDir, ...onStores(databases) };
    const [a, b] = await Promise.all([start(options), start(options)]);

    const creates = Array.from({ length: 50 }, (_, n) =>
      (n % 2 === 0 ? a : b).ask('POST', 'Patient', patient(7), { 'If-None-Exist': 'identifier=urn:test:restart|p7' }),
    );
    const statuses = (await Promise.all(creates)).map(({ status }) => status).sort();
    expect(statuses).toEqual([...Array.from({ length: 49 }, () => 200), 201]);

    const created = (await a.ask('GET', 'Patient?identifier=urn:test:restart|p7')).json.entry[0].resource;
    const updates = [a, b].map((gateway, n) =>
      gateway.ask('PUT', `Patient/${created.id}`, { ...created, active: n === 0 }, { 'If-Match': 'W/"1"' }),
    );
    expect((await Promise.all(updates)).map(({ status }) => status).sort()).toEqual([200, 412]);

    for (let n = 0; n < 10; n++) {
      const made = (await a.ask('POST', 'Patient', patient(100 + n))).json;
      const history = (await b.ask('GET', 'Patient/_history?_count=5')).json;
      expect(history.entry.map((entry: { resource: { id: string } }) => entry.resource.id)).toContain(made.id);
    }
  });
});
