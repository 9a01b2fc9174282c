/** What was acknowledged is there after a restart and after a kill -9. */
import { describe, expect, test } from 'vitest';
import { type GatewayProcess, gatewaysOfATest } from '../support/gateway-process.ts';

const { freshFolder, start } = gatewaysOfATest();

const patient = (n: number) => ({ resourceType: 'Patient', identifier: [{ system: 'urn:test:restart', value: `p${n}` }] });

/** Patient and Encounter in one transaction over both stores; gives their locations if it was acknowledged. */
async function admit(gateway: GatewayProcess, n: number): Promise<readonly string[] | undefined> {
  const fullUrl = `urn:uuid:00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;
  const encounter = {
    resourceType: 'Encounter',
    status: 'finished',
    class: { system: 'http://terminology.hl7.org/CodeSystem/v3-ActCode', code: 'IMP' },
    subject: { reference: fullUrl },
    period: { start: '2024-05-01' },
  };
  const entry = [
    { fullUrl, resource: patient(n), request: { method: 'POST', url: 'Patient' } },
    { resource: encounter, request: { method: 'POST', url: 'Encounter' } },
  ];
  const answer = await gateway.ask('POST', '', { resourceType: 'Bundle', type: 'transaction', entry }).catch(() => undefined);
  return answer?.status === 200 ? answer.json.entry.map((each: { response: { location: string } }) => each.response.location) : undefined;
}

async function expectAll(gateway: GatewayProcess, locations: readonly string[]): Promise<void> {
  for (const location of locations) expect((await gateway.ask('GET', location)).status, location).toBe(200);
}

describe('the embedded default', () => {
  test('keeps its data over a clean restart, which takes less than 10 s to stop', { timeout: 180_000 }, async () => {
    const dataDir = await freshFolder();
    const first = await start({ dataDir });
    const locations = await admit(first, 1);
    expect(locations).toHaveLength(2);
    expect(await first.end('SIGTERM')).toBeLessThan(10_000);
    const second = await start({ dataDir });
    await expectAll(second, locations ?? []);
  });

  test('keeps every acknowledged transaction over a kill -9 under load, whole', { timeout: 240_000 }, async () => {
    const dataDir = await freshFolder();
    const first = await start({ dataDir });
    const acknowledged: string[] = [];
    let next = 0;
    let isKilled = false;
    const workers = Array.from({ length: 4 }, async () => {
      while (!isKilled) acknowledged.push(...((await admit(first, next++)) ?? []));
    });
    await new Promise((resolve) => setTimeout(resolve, 1500));
    await first.end('SIGKILL');
    isKilled = true;
    await Promise.all(workers);
    expect(acknowledged.length).toBeGreaterThan(0);

    const second = await start({ dataDir });
    await expectAll(second, acknowledged);
    const patients = (await second.ask('GET', 'Patient?_count=1000&_summary=count')).json.total;
    const encounters = (await second.ask('GET', 'Encounter?_count=1000&_summary=count')).json.total;
    expect(encounters).toBe(patients);
  });
});
