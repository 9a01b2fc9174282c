/** Consents and labels on the databases, through two gateways: what one took holds on the other within the bound of docs/security.md. */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { openLocalIssuer } from '../../src/access/local-key.ts';
import { testDatabases } from '../support/databases.ts';
import { gatewaysOfATest, onStores, SHARED } from '../support/gateway-process.ts';

const databases = await testDatabases();
const { freshFolder, start } = gatewaysOfATest();
/** A look every second, what it takes, and as much again for a busy machine. */
const BOUND_MS = 6_000;

const consent = (status: string, provision?: object) => ({
  resourceType: 'Consent',
  id: 'k',
  status,
  scope: { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/consentscope', code: 'patient-privacy' }] },
  category: [{ text: 'privacy' }],
  patient: { reference: 'Patient/b' },
  policyRule: { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v3-ActCode', code: provision ? 'OPTIN' : 'OPTOUT' }] },
  ...(provision && { provision }),
});
const subject = { reference: 'Patient/b' };
const observation = (id: string) => ({ resourceType: 'Observation', id, status: 'final', code: { text: id }, subject });
const report = (...results: readonly string[]) => ({
  resourceType: 'DiagnosticReport',
  id: 'report',
  status: 'final',
  code: { text: 'report' },
  subject,
  result: results.map((id) => ({ reference: `Observation/${id}` })),
});

test('a consent, its end, what it calls related and the first label hold on the gateway that took them at once, on the other soon', {
  timeout: 180_000,
}, async () => {
  const dataDir = await freshFolder();
  const options = { dataDir, ...onStores(databases) };
  const [a, b] = [await start(options), await start(options)];
  const issuer = await openLocalIssuer(dataDir);
  const token = (scope: string) => issuer.sign({ ...SHARED, scope, subject: 'app', ttlSeconds: 600 });
  const app = { Authorization: `Bearer ${await token('user/*.rs')}` };
  const cleared = { Authorization: `Bearer ${await token('system/*.cruds system/$label-restricted.cruds')}` };
  const statusAt = async (gateway: typeof a, path: string) => (await gateway.ask('GET', path, undefined, app)).status;
  const until = async (status: number, path: string) => {
    for (const from = performance.now(); performance.now() < from + BOUND_MS; await sleep(50))
      if ((await statusAt(b, path)) === status) return;
    throw new Error(`${path} was not ${status} within ${BOUND_MS} ms`);
  };

  expect((await a.ask('PUT', 'Patient/b', { resourceType: 'Patient', id: 'b' })).status).toBe(201);
  expect(await statusAt(b, 'Patient/b')).toBe(200);
  expect((await a.ask('PUT', 'Consent/k', consent('active'))).status).toBe(201);
  expect(await statusAt(a, 'Patient/b')).toBe(404);
  await until(404, 'Patient/b');
  expect((await b.ask('GET', 'Patient?_id=b&_summary=count', undefined, app)).json.total).toBe(0);

  expect((await a.ask('PUT', 'Consent/k', consent('inactive'))).status).toBe(200);
  expect(await statusAt(a, 'Patient/b')).toBe(200);
  await until(200, 'Patient/b');

  for (const id of ['first', 'second']) expect((await a.ask('PUT', `Observation/${id}`, observation(id))).status).toBe(201);
  expect((await a.ask('PUT', 'DiagnosticReport/report', report('first'))).status).toBe(201);
  const actor = [{ role: { coding: [{ code: 'IRCP' }] }, reference: { identifier: { value: 'app' } } }];
  const related = { type: 'deny', actor, data: [{ meaning: 'related', reference: { reference: 'DiagnosticReport/report' } }] };
  expect((await a.ask('PUT', 'Consent/k', consent('active', related))).status).toBe(200);
  expect([await statusAt(a, 'Observation/first'), await statusAt(a, 'Observation/second')]).toEqual([404, 200]);
  await until(404, 'Observation/first');
  expect(await statusAt(b, 'Observation/second')).toBe(200);
  expect((await a.ask('PUT', 'DiagnosticReport/report', report('second'))).status).toBe(200);
  expect([await statusAt(a, 'Observation/first'), await statusAt(a, 'Observation/second')]).toEqual([404, 404]);
  await until(404, 'Observation/second');
  expect([await statusAt(b, 'Observation/first'), await statusAt(b, 'Patient/b')]).toEqual([404, 200]);

  const meta = { security: [{ system: 'http://terminology.hl7.org/CodeSystem/v3-Confidentiality', code: 'R' }] };
  expect((await a.ask('PUT', 'Patient/r', { resourceType: 'Patient', id: 'r', meta }, cleared)).status).toBe(201);
  // The first label waited for both: there is no moment in which the other gateway shows it.
  expect([await statusAt(a, 'Patient/r'), await statusAt(b, 'Patient/r')]).toEqual([404, 404]);
  expect((await b.ask('GET', 'Patient/r', undefined, cleared)).status).toBe(200);
});
