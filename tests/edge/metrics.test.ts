/** What a gateway tells operators of itself, and whom. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { send } from '../../conformance/runner/send.ts';
import { listenForMetrics } from '../../src/http/metrics-listener.ts';
import { createObserve } from '../../src/http/observe.ts';
import { createLogger } from '../../src/telemetry/logger.ts';
import { createMetrics } from '../../src/telemetry/metrics.ts';
import { type ServedGateway, serveMemoryGateway } from '../support/memory-gateway.ts';

const lines: string[] = [];
const metrics = createMetrics([]);
const log = createLogger({ level: 'debug', sink: { write: (line) => lines.push(line) } });
let gateway: ServedGateway;

beforeAll(async () => {
  gateway = await serveMemoryGateway({ metrics, observe: createObserve(metrics, log) });
});
afterAll(() => gateway.close());

describe('GET /metrics', () => {
  const ask = (scope: string | null) => send({ method: 'GET', path: '/metrics', scope }, gateway);

  test('needs a token with the scope for it', async () => {
    expect((await ask(null)).status).toBe(401);
    const refused = await ask('system/*.cruds');
    expect([refused.status, refused.headers.get('www-authenticate')]).toEqual([403, expect.stringContaining('system/$metrics.r')]);
  });

  test('counts requests by interaction, type and status, and holds nothing of a patient', async () => {
    const created = await send(
      { method: 'POST', path: 'Patient', body: { resourceType: 'Patient', name: [{ family: 'Curie' }] } },
      gateway,
    );
    const { id } = created.body as { id: string };
    await send({ method: 'GET', path: `Patient/${id}` }, gateway);
    await send({ method: 'GET', path: 'Patient?family=Curie' }, gateway);
    await send({ method: 'GET', path: `Patient/${id}/$everything` }, gateway);
    await send({ method: 'GET', path: 'Curie/1' }, gateway);
    const { status, text } = await ask('system/$metrics.rs');
    expect(status).toBe(200);
    for (const labels of [
      'interaction="create",type="Patient",status="201"',
      'interaction="read",type="Patient",status="200"',
      'interaction="search-type",type="Patient",status="200"',
      'interaction="$everything",type="Patient",status="200"',
      'interaction="none",type="",status="404"',
    ])
      expect(text).toContain(`meridian_requests_total{${labels}} 1\n`);
    expect(text).not.toMatch(new RegExp(`Curie|${id}`));
  });

  test('broken glass is counted, and a warning without the reason or the patient', async () => {
    const headers = { 'X-Purpose-Of-Use': 'BTG', 'X-Purpose-Of-Use-Reason': 'Curie fell down', 'X-Purpose-Of-Use-Patient': 'curie' };
    const scope = 'user/*.rs system/$break-glass.rs';
    const { status } = await send({ method: 'GET', path: 'Patient?family=Curie', scope, headers }, gateway);
    await send({ method: 'GET', path: 'Patient?family=Curie', scope: 'user/*.rs', headers }, gateway);
    expect(status).toBe(200);
    const warnings = lines.map((line) => JSON.parse(line)).filter(({ level }) => level === 'warn');
    expect(warnings.map(({ msg, message = msg, status }) => [message, status])).toEqual([
      ['glass was broken', 200],
      ['breaking the glass failed', 403],
    ]);
    expect(lines.join('')).not.toMatch(/Curie/i);
    const { text } = await ask('system/$metrics.rs');
    for (const outcome of ['done', 'refused']) expect(text).toContain(`meridian_break_glass_total{outcome="${outcome}"} 1\n`);
  });

  test('and neither does the log', async () => {
    const answer = await send({ method: 'GET', path: 'Patient?family=Curie&birthdate=1867-11-07' }, gateway);
    const line = JSON.parse(lines.at(-1) ?? '');
    expect(line).toMatchObject({ level: 'debug', method: 'GET', interaction: 'search-type', resourceType: 'Patient', status: 200 });
    expect(line.requestId).toBe(answer.headers.get('x-request-id'));
    expect(lines.join('')).not.toMatch(/Curie|1867/);
  });
});

test('the second port tells metrics and health without a token, and nothing else', async () => {
  let isReady = true;
  const listening = await listenForMetrics({ hostname: '127.0.0.1', port: 0, metrics, isReady: async () => isReady });
  const statusOf = async (path: string) => (await fetch(`http://127.0.0.1:${listening.port}${path}`)).status;
  expect([await statusOf('/metrics'), await statusOf('/health/live'), await statusOf('/health/ready')]).toEqual([200, 200, 200]);
  isReady = false;
  expect([await statusOf('/health/ready'), await statusOf('/fhir/R4/Patient'), await statusOf('/metrics/')]).toEqual([503, 404, 404]);
  listening.close();
});
