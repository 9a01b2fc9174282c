import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ServedGateway, serveMemoryGateway } from '../../tests/support/memory-gateway.ts';
import { createMemoryStore } from '../store/memory/memory-store.ts';

/** A gateway remembers versions that it has seen; what another gateway wrote since must never be taken for unwritten. */
describe('update by two gateways on one store: https://hl7.org/fhir/R4/http.html#update', () => {
  let here: ServedGateway;
  let there: ServedGateway;
  beforeAll(async () => {
    const store = createMemoryStore();
    [here, there] = await Promise.all([serveMemoryGateway({ store }), serveMemoryGateway({ store })]);
  });
  afterAll(async () => {
    await Promise.all([here.close(), there.close()]);
  });

  async function put(gateway: ServedGateway, id: string, family: string, headers: Record<string, string> = {}) {
    const response = await fetch(`${gateway.baseUrl}/Patient/${id}`, {
      method: 'PUT',
      headers: { authorization: `Bearer ${await gateway.token('system/*.cruds')}`, 'content-type': 'application/fhir+json', ...headers },
      body: JSON.stringify({ resourceType: 'Patient', id, name: [{ family }] }),
    });
    await response.body?.cancel();
    return [response.status, response.headers.get('etag')];
  }

  test('putting back what this gateway saw last is a change if the other has changed it', async () => {
    expect(await put(here, 'back', 'A')).toEqual([201, 'W/"1"']);
    expect(await put(there, 'back', 'B')).toEqual([200, 'W/"2"']);
    expect(await put(here, 'back', 'A')).toEqual([200, 'W/"3"']);
    expect(await put(there, 'back', 'A')).toEqual([200, 'W/"3"']);
  });

  test('If-Match is weighed against the current version, not the one remembered', async () => {
    expect(await put(here, 'match', 'A')).toEqual([201, 'W/"1"']);
    expect(await put(there, 'match', 'B')).toEqual([200, 'W/"2"']);
    expect((await put(here, 'match', 'C', { 'if-match': 'W/"1"' }))[0]).toBe(412);
    expect(await put(here, 'match', 'C', { 'if-match': 'W/"2"' })).toEqual([200, 'W/"3"']);
    expect(await put(there, 'match', 'D', { 'if-match': 'W/"3"' })).toEqual([200, 'W/"4"']);
  });

  test('what the other gateway has deleted is made anew', async () => {
    expect(await put(here, 'gone', 'A')).toEqual([201, 'W/"1"']);
    const headers = { authorization: `Bearer ${await there.token('system/*.cruds')}` };
    expect((await fetch(`${there.baseUrl}/Patient/gone`, { method: 'DELETE', headers })).status).toBeLessThan(300);
    expect(await put(here, 'gone', 'A')).toEqual([201, 'W/"3"']);
  });
});
