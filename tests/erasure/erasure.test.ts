/** `$expunge` over HTTP on the memory store: what goes, what stays, who may. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ServedGateway, serveMemoryGateway } from '../support/memory-gateway.ts';

/** How long an erasure waits for gateways to hear of it. */
let heardAfterMs = 3_000;
let gateway: ServedGateway;
beforeAll(async () => {
  gateway = await serveMemoryGateway({ erasureHeardAfterMs: () => heardAfterMs });
});
afterAll(() => gateway.close());

const SCOPE = 'system/*.cruds system/$expunge.cruds';

async function ask(method: string, path: string, body?: unknown, headers: Record<string, string> = {}, scope = SCOPE) {
  const answer = await fetch(`${gateway.baseUrl}/${path}`, {
    method,
    headers: { authorization: `Bearer ${await gateway.token(scope)}`, 'content-type': 'application/fhir+json', ...headers },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  // biome-ignore lint/suspicious/noExplicitAny: answers of every type
  return { status: answer.status, headers: answer.headers, text, json: (text === '' ? undefined : JSON.parse(text)) as any };
}

const observation = (patient: string, more: object = {}) => ({
  resourceType: 'Observation',
  status: 'final',
  code: { text: 'weight' },
  subject: { reference: `Patient/${patient}` },
  ...more,
});
const put = (type: string, id: string, body: object) => ask('PUT', `${type}/${id}`, { ...body, resourceType: type, id });
const group = (...patients: string[]) => ({
  type: 'person',
  actual: true,
  member: patients.map((patient) => ({ entity: { reference: `Patient/${patient}` } })),
});

async function begin(patient: string, query = '') {
  const begun = await ask('POST', `Patient/${patient}/$expunge${query}`);
  expect(begun.status).toBe(202);
  return begun;
}

const expunge = async (patient: string, query = '') => untilErased(await begin(patient, query));

async function untilErased(begun: Awaited<ReturnType<typeof ask>>) {
  const status = new URL(begun.headers.get('content-location') ?? '').search;
  for (let look = 0; look < 200; look++) {
    const answer = await ask('GET', `$expunge-status${status}`);
    if (answer.status === 200) return answer;
    expect(answer.status).toBe(202);
    await sleep(100);
  }
  throw new Error('the erasure did not end');
}

// biome-ignore lint/suspicious/noExplicitAny: a Parameters resource
const removedOf = (parameters: any) =>
  parameters.parameter
    .filter(({ name }: { name: string }) => name === 'removed')
    .map(({ part }: { part: { name: string; valueString?: string; valueInteger?: number }[] }) =>
      part.slice(1).map((each) => each.valueString ?? each.valueInteger),
    )
    .sort();

describe('$expunge', () => {
  test('removes the record, keeps what is others’ too, and signs what it did', { timeout: 30_000 }, async () => {
    const key = { 'Idempotency-Key': 'erase-1' };
    const patient = { resourceType: 'Patient', name: [{ family: 'Vanishing' }] };
    const { id } = (await ask('POST', 'Patient', patient, key)).json;
    const other = (await ask('POST', 'Patient', { resourceType: 'Patient' })).json.id;
    await put('Patient', id, { ...patient, link: [{ other: { reference: `Patient/${other}` }, type: 'seealso' }] });
    await put('Observation', 'e-current', observation(id));
    await put('Observation', 'e-current', observation(id, { valueString: 'again' }));
    await put('Observation', 'e-deleted', observation(id));
    await ask('DELETE', 'Observation/e-deleted');
    await put('Observation', 'e-moved', observation(id, { valueString: 'secret-of-the-past' }));
    await put('Observation', 'e-moved', observation(other));
    await put('Group', 'e-shared', group(id, other));
    await put('Group', 'e-own', group(id));
    await put('Binary', 'e-theirs', { contentType: 'text/plain', data: 'aGk=', securityContext: { reference: `Patient/${id}` } });
    await put('Binary', 'e-open', { contentType: 'text/plain', data: 'aGk=' });
    await put('DocumentReference', 'e-doc', {
      status: 'current',
      subject: { reference: `Patient/${id}` },
      content: [{ attachment: { url: 'Binary/e-theirs' } }, { attachment: { url: 'Binary/e-open' } }],
    });
    await put('Encounter', 'e-enc', {
      status: 'finished',
      class: { system: 'http://terminology.hl7.org/CodeSystem/v3-ActCode', code: 'AMB' },
      subject: { reference: `Patient/${id}` },
    });

    const expected = [
      ['Binary', 1, 1],
      ['DocumentReference', 1, 1],
      ['Encounter', 1, 1],
      ['Group', 1, 1],
      ['Observation', 2, 5],
      ['Patient', 1, 2],
    ];
    const dry = await ask('POST', `Patient/${id}/$expunge`, {
      resourceType: 'Parameters',
      parameter: [{ name: 'dry-run', valueBoolean: true }],
    });
    expect(removedOf(dry.json)).toEqual(expected);
    expect((await ask('GET', `Patient/${id}`)).status).toBe(200);

    const done = await expunge(id);
    expect(removedOf(done.json)).toEqual(expected);
    const kept = done.json.parameter.filter(({ name }: { name: string }) => name === 'kept');
    expect(kept.map(({ valueString }: { valueString: string }) => valueString).sort()).toEqual(['Binary/e-open', 'Group/e-shared']);
    expect(done.text).not.toContain('Vanishing');
    expect(done.text).not.toContain(id);

    for (const gone of [`Patient/${id}`, `Patient/${id}/_history/1`, 'Observation/e-current', 'Observation/e-deleted', 'Binary/e-theirs']) {
      expect((await ask('GET', gone)).status, gone).toBe(404);
    }
    expect((await ask('GET', 'Observation/e-moved/_history/1')).status).toBe(404);
    expect((await ask('GET', 'Observation/e-moved')).status).toBe(200);
    for (const path of [`Observation?subject=Patient/${id}`, 'Patient?family=vanishing', '_history?_count=1000']) {
      const answer = await ask('GET', path);
      expect(answer.text, path).not.toContain('secret-of-the-past');
      expect(answer.text, path).not.toContain('Vanishing');
    }
    // The kept answer is gone with what it named: the request is carried out anew.
    expect((await ask('POST', 'Patient', patient, key)).status).toBe(201);
    expect((await put('Patient', id, patient)).json.meta.versionId).toBe('1');
  });

  test('takes what is shared when it is named', { timeout: 30_000 }, async () => {
    await put('Patient', 'n-a', {});
    await put('Group', 'n-shared', group('n-a', 'n-b'));
    await expunge('n-a', '?also=Group/n-shared');
    expect((await ask('GET', 'Group/n-shared')).status).toBe(404);
  });

  test('closes the record to writes while it goes on', { timeout: 30_000 }, async () => {
    await put('Patient', 'c-a', {});
    await put('Observation', 'c-o', observation('c-a'));
    heardAfterMs = 600_000;
    const begun = await begin('c-a');
    expect((await put('Observation', 'c-late', observation('c-a'))).status).toBe(409);
    expect((await put('Patient', 'c-a', { active: true })).status).toBe(409);
    expect((await put('Observation', 'c-o', observation('c-b'))).status).toBe(409);
    expect((await ask('POST', 'Patient/c-a/$expunge')).status).toBe(409);
    heardAfterMs = 3_000;
    await untilErased(begun);
    expect((await ask('GET', 'Patient/c-a')).status).toBe(404);
    expect((await put('Patient', 'c-a', { active: true })).status).toBe(201);
  });

  test.each([
    ['POST', 'Patient/none/$expunge', SCOPE, 404],
    ['POST', 'Patient/none/$expunge', 'system/*.cruds', 403],
    ['POST', 'Patient/none/$expunge', 'system/$expunge.r', 403],
    ['GET', 'Patient/none/$expunge', SCOPE, 405],
    ['POST', 'Patient/none/$expunge?dry-run=maybe', SCOPE, 400],
    ['POST', 'Patient/none/$expunge?also=Patient/other', SCOPE, 400],
    ['GET', '$expunge-status?job=none', SCOPE, 404],
    ['GET', '$expunge-status', 'system/*.cruds', 403],
  ])('%s %s with %s is %d', async (method, path, scope, status) => {
    expect((await ask(method, path, undefined, {}, scope)).status).toBe(status);
  });
});
