/** One record for each request, whatever becomes of it; and no answer without one. */
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import type { Audit } from '../../src/audit/audit.ts';
import type { AuditRecord } from '../../src/audit/record.ts';
import { auditEventOf } from '../../src/audit/render.ts';
import { unavailable } from '../../src/model/error.ts';
import { serveMemoryGateway } from '../support/memory-gateway.ts';

let kept: Omit<AuditRecord, 'recorded'>[] = [];
let isDown = false;
let isFull = false;
const refuse = () => {
  throw unavailable('no audit, no data', 5);
};
const keep: Audit['keep'] = (record) => (isDown ? refuse() : void kept.push(record));
const audit: Audit = {
  keep,
  keepTogether: async (record) => keep(record),
  check: () => (isFull ? refuse() : undefined),
};
const gateway = await serveMemoryGateway({ audit });
afterAll(() => gateway.close());
beforeEach(() => {
  kept = [];
  isDown = false;
  isFull = false;
});

interface Sent {
  readonly scope?: string | null;
  readonly body?: unknown;
  readonly type?: string;
  readonly headers?: Record<string, string>;
}

async function send(method: string, path: string, { scope = 'system/*.cruds', body, type, headers = {} }: Sent = {}) {
  const response = await fetch(`${gateway.baseUrl}${path && `/${path}`}`, {
    method,
    headers: {
      ...(scope !== null && { Authorization: `Bearer ${await gateway.token(scope, 'app')}` }),
      ...(body !== undefined && { 'Content-Type': type ?? 'application/fhir+json' }),
      ...headers,
    },
    ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  return { status: response.status, requestId: response.headers.get('x-request-id'), text: await response.text() };
}

const patient = async () => (JSON.parse((await send('POST', 'Patient', { body: { resourceType: 'Patient' } })).text) as { id: string }).id;
const observationOf = (id: string) => ({
  resourceType: 'Observation',
  status: 'final',
  code: { text: 'x' },
  subject: { reference: `Patient/${id}` },
});
const make = async (id: string) => (JSON.parse((await send('POST', 'Observation', { body: observationOf(id) })).text) as { id: string }).id;

describe('a request leaves one record', () => {
  test('create, read, vread, 304, update, patch, delete: with the version and the patient that they are about', async () => {
    const id = await patient();
    const observation = await make(id);
    kept = [];
    await send('GET', `Observation/${observation}`);
    await send('GET', `Observation/${observation}/_history/1`);
    await send('GET', `Observation/${observation}`, { headers: { 'If-None-Match': 'W/"1"' } });
    await send('HEAD', `Observation/${observation}`);
    await send('PUT', `Observation/${observation}`, {
      body: { ...observationOf(id), id: observation, status: 'amended' },
      headers: { Prefer: 'return=minimal' },
    });
    await send('PATCH', `Observation/${observation}`, {
      type: 'application/json-patch+json',
      body: [{ op: 'add', path: '/note', value: [{ text: 'y' }] }],
    });
    await send('DELETE', `Observation/${observation}`);
    const expected = [
      ['read', 200, 1],
      ['vread', 200, 1],
      ['read', 304, 1],
      ['read', 200, 1],
      ['update', 200, 2],
      ['patch', 200, 3],
      ['delete', 204, 4],
    ] as const;
    expect(kept.map(({ interaction, status, entities, patients }) => ({ interaction, status, entities, patients }))).toEqual(
      expected.map(([interaction, status, version]) => ({
        interaction,
        status,
        entities: [`Observation/${observation}/_history/${version}`],
        patients: [id],
      })),
    );
    expect(kept.every(({ client, subject, address }) => client === 'app' && subject === 'app' && address === '127.0.0.1')).toBe(true);
  });

  test('under the id that the answer names', async () => {
    const answers = [await send('GET', 'Patient/nobody'), await send('GET', 'Patient', { headers: { 'X-Request-Id': 'mine-1' } })];
    expect(kept.map(({ request }) => request)).toEqual(answers.map(({ requestId }) => requestId));
    expect(kept[1]?.request).toBe('mine-1');
  });

  test('a search by GET and by POST: as it was asked, with the patients asked for and found', async () => {
    const [a, b] = [await patient(), await patient()];
    await make(a);
    kept = [];
    await send('GET', `Observation?subject=Patient/${a}&status=final`);
    await send('POST', 'Observation/_search', { type: 'application/x-www-form-urlencoded', body: `patient=${b}&status=final` });
    await send('GET', `Patient/${a}/Observation`);
    await send('GET', `Patient/${a}/$everything`);
    expect(kept.map(({ interaction, query, patients }) => ({ interaction, query, patients }))).toEqual([
      { interaction: 'search-type', query: `GET Observation?subject=Patient/${a}&status=final`, patients: [a] },
      { interaction: 'search-type', query: `POST Observation/_search patient=${b}&status=final`, patients: [b] },
      { interaction: 'search-type', query: `GET Patient/${a}/Observation`, patients: [a] },
      { interaction: '$everything', query: '', patients: [a] },
    ]);
  });

  test('a transaction: with all that it wrote', async () => {
    const id = await patient();
    kept = [];
    const entry = [{ resource: observationOf(id), request: { method: 'POST', url: 'Observation' } }];
    const { text } = await send('POST', '', { body: { resourceType: 'Bundle', type: 'transaction', entry } });
    const location = (JSON.parse(text) as { entry: { response: { location: string } }[] }).entry[0]?.response.location;
    expect(kept).toMatchObject([{ interaction: 'transaction', status: 200, patients: [id] }]);
    expect(location).toContain(kept[0]?.entities[0]);
  });

  test.each([
    ['without a token', 401, { scope: null }],
    ['with a token that is none', 401, { scope: null, headers: { Authorization: 'Bearer x.y.z' } }],
    ['without the scope', 403, { scope: 'system/Observation.rs' }],
  ] as const)('a refused one: %s', async (_, status, sent) => {
    const answer = await send('GET', 'Patient/secret', sent);
    expect(answer.status).toBe(status);
    expect(kept).toMatchObject([
      { status, interaction: 'read', entities: ['Patient/secret'], patients: ['secret'], request: answer.requestId },
    ]);
  });

  test.each([
    ['GET', 'Nothing/1', {}, 404],
    ['GET', 'Patient?nothing=1', {}, 400],
    ['PUT', '_history', { body: {} }, 405],
    ['POST', 'Patient', { body: '{' }, 400],
    ['POST', 'Patient', { body: 'x', type: 'text/plain' }, 415],
    ['GET', 'Patient/1', { headers: { Accept: 'image/png' } }, 406],
  ] as const)('one that is wrong: %s %s', async (method, path, sent, status) => {
    expect((await send(method, path, sent)).status).toBe(status);
    expect(kept.map((record) => record.status)).toEqual([status]);
  });

  test('breaking the glass: with the reason and the patient, also where it is refused', async () => {
    const id = await patient();
    kept = [];
    const headers = { 'X-Purpose-Of-Use': 'BTG', 'X-Purpose-Of-Use-Reason': 'found%20unconscious', 'X-Purpose-Of-Use-Patient': id };
    const { status } = await send('GET', 'Observation?_id=never', { scope: 'user/*.rs system/$break-glass.rs', headers });
    await send('GET', 'Observation?_id=never', { scope: 'user/*.rs', headers });
    expect(status).toBe(200);
    expect(kept).toMatchObject([
      { status: 200, note: 'BTG: found unconscious', patients: [id] },
      { status: 403, note: 'BTG: found unconscious', patients: [id], client: 'app' },
    ]);
    const event = auditEventOf({ ...(kept[0] as AuditRecord), recorded: 0 }, { chain: 1, seq: 1, recorded: 0 }, 'gateway');
    expect(event).toMatchObject({
      purposeOfEvent: [
        { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v3-ActReason', code: 'BTG' }], text: 'found unconscious' },
      ],
    });
  });

  test('but not what is about nobody: metadata, health, what is no FHIR', async () => {
    await send('GET', 'metadata', { scope: null });
    const origin = new URL(gateway.baseUrl).origin;
    for (const path of ['/health/live', '/health/ready', '/elsewhere']) await (await fetch(`${origin}${path}`)).text();
    expect(kept).toEqual([]);
  });
});

describe('where no record can be kept', () => {
  test('nothing is answered, and nobody learns whether there was something', async () => {
    const id = await patient();
    isDown = true;
    const answers = [
      await send('GET', `Patient/${id}`),
      await send('GET', 'Patient/nobody'),
      await send('GET', 'Patient', { scope: null }),
    ];
    expect(answers.map(({ status }) => status)).toEqual([503, 503, 503]);
    expect(new Set(answers.map(({ text }) => text)).size).toBe(1);
    expect(answers[0]?.text).not.toContain(id);
  });

  test('nothing is begun', async () => {
    isFull = true;
    expect((await send('PUT', 'Patient/late', { body: { resourceType: 'Patient', id: 'late' } })).status).toBe(503);
    isFull = false;
    expect((await send('GET', 'Patient/late')).status).toBe(404);
  });

  test('health and metadata still answer', async () => {
    isDown = true;
    isFull = true;
    expect((await send('GET', 'metadata', { scope: null })).status).toBe(200);
    expect((await fetch(`${new URL(gateway.baseUrl).origin}/health/live`)).status).toBe(200);
  });
});

describe('audit events', () => {
  test.each([
    ['POST', 'AuditEvent'],
    ['PUT', 'AuditEvent/1'],
    ['DELETE', 'AuditEvent/1'],
    ['PATCH', 'AuditEvent/1'],
  ])('are not written by clients: %s %s', async (method, path) => {
    const body = method === 'DELETE' ? undefined : { resourceType: 'AuditEvent', id: '1' };
    expect((await send(method, path, { scope: 'system/AuditEvent.cruds', body })).status).toBe(405);
    const entry = [{ request: { method, url: path }, ...(body && { resource: body }) }];
    const { text } = await send('POST', '', { scope: 'system/*.cruds', body: { resourceType: 'Bundle', type: 'transaction', entry } });
    expect(text).toContain('written by the server alone');
  });

  test.each([
    ['system/AuditEvent.rs', 200],
    ['system/AuditEvent.read', 200],
    ['system/*.cruds', 403],
    ['user/AuditEvent.rs', 403],
    ['user/*.cruds', 403],
    ['patient/AuditEvent.rs', 403],
    ['system/AuditEvent.cud', 403],
  ])('are read by a scope that names them, in the system context: %s gives %d', async (scope, status) => {
    expect((await send('GET', 'AuditEvent', { scope })).status).toBe(status);
    expect((await send('GET', 'AuditEvent/1', { scope: scope.replace('.rs', '.r') })).status).toBe(status === 200 ? 404 : 403);
  });
});
