/** What cases as data can't say: streams, settings, and what the CapabilityStatement promises. */
import { request as httpRequest } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { describeConformance } from '../../conformance/conformance-suite.ts';
import { send } from '../../conformance/runner/send.ts';
import { valueAt } from '../../conformance/runner/values.ts';
import { DEFAULT_LIMITS } from '../../src/interactions/context.ts';
import { recordKeyOf, suffixOf } from '../../src/model/record-key.ts';
import { type ServedGateway, serveMemoryGateway } from '../support/memory-gateway.ts';

let gateway: ServedGateway;
let strict: ServedGateway;

beforeAll(async () => {
  gateway = await serveMemoryGateway({ maxBodyBytes: 200_000 });
  strict = await serveMemoryGateway({ referentialIntegrity: true });
});

afterAll(async () => {
  await Promise.all([gateway?.close(), strict?.close()]);
});

describe('with referential integrity', () => describeConformance(() => strict, ['integrity'], 'cases', ['referential-integrity']));

const post = (path: string, body: unknown, target = gateway) => send({ method: 'POST', path, body }, target);

test('every answer tells where its time went', async () => {
  for (const path of ['Patient?_count=1', 'metadata', 'Patient/none', 'Nothing']) {
    const { headers } = await send({ method: 'GET', path }, gateway);
    expect(headers.get('server-timing'), path).toMatch(/^total;dur=[\d.]+, store;dur=[\d.]+$/);
  }
});

describe('bodies without Content-Length', () => {
  test('are counted as they come', async () => {
    const token = await gateway.token('system/*.cruds');
    const status = await streamed(`${gateway.baseUrl}/Patient`, token, 100);
    expect(status).toBe(413);
    expect((await post('Patient', { resourceType: 'Patient' })).status).toBe(201);
  });
});

/** Sends chunks of 64 KiB until the server answers. */
function streamed(url: string, token: string, chunks: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const headers = { Authorization: `Bearer ${token}`, 'Content-Type': 'application/fhir+json', 'Transfer-Encoding': 'chunked' };
    const outgoing = httpRequest(url, { method: 'POST', headers }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    outgoing.on('error', reject);
    for (let sent = 0; sent < chunks; sent++) outgoing.write(' '.repeat(65_536));
    outgoing.end();
  });
}

describe('a conditional delete (https://hl7.org/fhir/R4/http.html#3.1.0.7.1)', () => {
  test('of more than the limit is 412 and deletes nothing', async () => {
    const few = await serveMemoryGateway({ limits: { ...DEFAULT_LIMITS, maxConditionalDeletes: 2 } });
    for (let n = 0; n < 3; n++) await post('Patient', { resourceType: 'Patient', active: true }, few);
    expect((await send({ method: 'DELETE', path: 'Patient?active=true' }, few)).status).toBe(412);
    expect(valueAt((await send({ method: 'GET', path: 'Patient?active=true' }, few)).body, 'total')).toBe(3);
    await few.close();
  });
});

describe('ids that the server makes', () => {
  const observation = (reference: string) => ({
    resourceType: 'Observation',
    status: 'final',
    code: { text: 'x' },
    subject: { reference },
  });

  test("end in the key of the patient's record, so that a read knows where to look", async () => {
    const patient = (await post('Patient', { resourceType: 'Patient' })).body as { id: string };
    const member = (await post('Observation', observation(`Patient/${patient.id}`))).body as { id: string };
    expect(suffixOf(member.id)).toBe(recordKeyOf(patient.id));
    expect(suffixOf(patient.id)).toBe(recordKeyOf(patient.id));
  });

  test('do so in a transaction that creates the patient too, whatever the order of its entries', async () => {
    const fullUrl = 'urn:uuid:11111111-1111-4111-8111-111111111111';
    const entry = [
      { request: { method: 'POST', url: 'Observation' }, resource: observation(fullUrl) },
      { fullUrl, request: { method: 'POST', url: 'Patient' }, resource: { resourceType: 'Patient' } },
    ];
    const { body } = await post('', { resourceType: 'Bundle', type: 'transaction', entry });
    const [member, patient] = [0, 1].map((n) => String(valueAt(body, `entry[${n}].response.location`)).split('/')[1] as string) as [
      string,
      string,
    ];
    expect(suffixOf(member)).toBe(recordKeyOf(patient));
  });
});

describe('referential integrity (https://hl7.org/fhir/R4/http.html#delete)', () => {
  const observation = (id: string) => ({
    resourceType: 'Observation',
    status: 'final',
    code: { text: 'x' },
    subject: { reference: `Patient/${id}` },
  });

  test('refuses to delete what others refer to, and says that it does', async () => {
    const patient = (await post('Patient', { resourceType: 'Patient' }, strict)).body as { id: string };
    const referrer = (await post('Observation', observation(patient.id), strict)).body as { id: string };
    const refusal = await send({ method: 'DELETE', path: `Patient/${patient.id}` }, strict);
    expect(refusal.status).toBe(409);
    expect(refusal.text).not.toContain(referrer.id);
    const validated = await send({ method: 'POST', path: `Patient/${patient.id}/$validate?mode=delete` }, strict);
    expect(valueAt(validated.body, 'issue[0].code')).toBe('conflict');
    const both = [`Patient/${patient.id}`, `Observation/${referrer.id}`].map((url) => ({ request: { method: 'DELETE', url } }));
    expect((await post('', { resourceType: 'Bundle', type: 'transaction', entry: both }, strict)).status).toBe(200);
    const metadata = await send({ method: 'GET', path: 'metadata', scope: null }, strict);
    expect(valueAt(metadata.body, 'rest[0].resource[0].referencePolicy')).toContain('enforced');
  });

  test('is off unless it is asked for', async () => {
    const patient = (await post('Patient', { resourceType: 'Patient' })).body as { id: string };
    await post('Observation', observation(patient.id));
    expect((await send({ method: 'DELETE', path: `Patient/${patient.id}` }, gateway)).status).toBe(204);
    const metadata = await send({ method: 'GET', path: 'metadata', scope: null }, gateway);
    expect(valueAt(metadata.body, 'rest[0].resource[0].referencePolicy')).not.toContain('enforced');
  });
});

describe('the CapabilityStatement (https://hl7.org/fhir/R4/capabilitystatement.html)', () => {
  test('is valid and claims only searches that are answered', async () => {
    const { body } = await send({ method: 'GET', path: 'metadata', scope: null }, gateway);
    const validated = await post('CapabilityStatement/$validate', body);
    expect(valueAt(validated.body, 'issue')).toEqual([expect.objectContaining({ severity: 'information' })]);
    const resources = valueAt(body, 'rest[0].resource') as { type: string; searchParam: { name: string }[] }[];
    expect(resources).toHaveLength(146);
    const claims = resources
      .filter((_, index) => index % 12 === 0)
      .flatMap(({ type, searchParam }) => searchParam.map(({ name }) => `${type}?${name}=2024`));
    for (const path of claims) {
      const answer = await send({ method: 'GET', path }, gateway);
      // A boolean has no value "2024"; but no parameter may be unknown.
      expect([undefined, 'value'], path).toContain(valueAt(answer.body, 'issue[0].code'));
    }
    expect(claims.length).toBeGreaterThan(100);
  });
});

describe('a write', () => {
  test('is in flight no longer than it takes, whatever becomes of it', async () => {
    let open = 0;
    let at = 0;
    const beginWrite = () => {
      open++;
      return { at: ++at, end: () => void open-- };
    };
    const counted = await serveMemoryGateway({ beginWrite });
    const { id } = (await post('Patient', { resourceType: 'Patient' }, counted)).body as { id: string };
    const racing = Array.from({ length: 6 }, (_, n) =>
      send(
        {
          method: 'PUT',
          path: `Patient/${id}`,
          body: { resourceType: 'Patient', id, birthDate: `200${n}` },
          headers: { 'If-Match': 'W/"1"' },
        },
        counted,
      ),
    );
    expect((await Promise.all(racing)).map(({ status }) => status).sort()).toEqual([200, 412, 412, 412, 412, 412]);
    const entry = [{ request: { method: 'PUT', url: `Patient/${id}`, ifMatch: 'W/"9"' }, resource: { resourceType: 'Patient', id } }];
    expect((await post('', { resourceType: 'Bundle', type: 'transaction', entry }, counted)).status).toBe(412);
    expect((await send({ method: 'DELETE', path: `Patient/${id}` }, counted)).status).toBe(204);
    expect({ open, began: at > 3 }).toEqual({ open: 0, began: true });
    await counted.close();
  });
});

describe('the history of a type', () => {
  test('ends at the watermark, on all its pages', async () => {
    let watermark = 0;
    const held = await serveMemoryGateway({ watermark: () => watermark });
    const ids: string[] = [];
    for (let n = 0; n < 5; n++) ids.push(((await post('Patient', { resourceType: 'Patient' }, held)).body as { id: string }).id);
    expect(valueAt((await send({ method: 'GET', path: 'Patient/_history' }, held)).body, 'entry')).toBeUndefined();
    const third = await send({ method: 'GET', path: `Patient/${ids[2]}` }, held);
    watermark = Date.parse(String(valueAt(third.body, 'meta.lastUpdated')));
    const page = await send({ method: 'GET', path: 'Patient/_history?_count=2' }, held);
    expect(valueAt(page.body, 'entry.length')).toBe(2);
    watermark += 10_000;
    const next = await send({ method: 'GET', path: String(valueAt(page.body, 'link[1].url')) }, held);
    expect([...idsOf(page.body), ...idsOf(next.body)]).toEqual([ids[2], ids[1], ids[0]]);
    await held.close();
  });
});

const idsOf = (bundle: unknown) => (valueAt(bundle, 'entry') as { resource: { id: string } }[]).map(({ resource }) => resource.id);

test('no request failed for an unknown reason', () => {
  expect([...gateway.failures, ...strict.failures]).toEqual([]);
});
