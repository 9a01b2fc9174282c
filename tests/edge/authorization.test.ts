/** The authorization server behind the limits of the edge: OWASP API2 and API4. */
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { createAdmission } from '../../src/http/middleware/admission.ts';
import { createRateLimits } from '../../src/http/middleware/rate-limit.ts';
import type { MountedAuthorization } from '../../src/http/mount-authorization.ts';
import { createMemoryAuthorizationStore } from '../../src/store/memory/authorization.ts';
import { serveAuthorization } from '../support/authorization.ts';
import { type GatewayChanges, serveMemoryGateway } from '../support/memory-gateway.ts';

const UNLIMITED = { clientPoints: 0, userPoints: 0, refusedTokens: 0 };

/** A gateway whose authorization server answers as told. */
async function serve(handle: MountedAuthorization['handle'], changes: GatewayChanges = {}) {
  const gateway = await serveMemoryGateway({ authorization: { routes: ['/oauth/*'], smartConfiguration: '{}', handle }, ...changes });
  const { origin } = new URL(gateway.baseUrl);
  const ask = (path: string, init: RequestInit = {}) => fetch(origin + path, { redirect: 'manual', ...init });
  return { ...gateway, ask, post: (path: string, init: RequestInit = {}) => ask(path, { method: 'POST', ...init }) };
}

const quick: MountedAuthorization['handle'] = async (_, outgoing) => void outgoing.end('done');

describe('the authorization server', () => {
  test('has a limit for each address, in which a log-in weighs more than a token, and that more than a page', async () => {
    const gateway = await serve(quick, { rates: createRateLimits({ ...UNLIMITED, authorizationPoints: 30 }) });
    const statuses = [];
    for (const path of ['/oauth/interaction/x', '/oauth/token']) statuses.push((await gateway.post(path)).status);
    for (let i = 0; i < 5; i++) statuses.push((await gateway.ask('/oauth/authorize')).status);
    expect(statuses).toEqual([200, 200, 200, 200, 200, 200, 200]);
    const refused = await gateway.post('/oauth/token');
    expect(refused.status).toBe(429);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(await refused.json()).toMatchObject({ error: 'temporarily_unavailable' });
    const token = await gateway.token('system/*.rs');
    const headers = { Authorization: `Bearer ${token}` };
    expect((await fetch(`${gateway.baseUrl}/Patient`, { headers })).status, 'FHIR goes on').toBe(200);
    await gateway.close();
  });

  test('has a limit for each client, whatever client is named', async () => {
    const rates = createRateLimits({ ...UNLIMITED, authorizationPoints: 20 });
    const chargeClient = (address: string, client: string) => rates.chargeAuthorization('client', `${address} ${client}`, 5);
    const served = await serveAuthorization(createMemoryAuthorizationStore(), Date.now, { chargeClient });
    const form = (client_id: string) => served.token({ grant_type: 'authorization_code', client_id, code: 'x' });
    const basic = (id: string) =>
      served.token({ grant_type: 'client_credentials' }, { Authorization: `Basic ${Buffer.from(`${id}:secret`).toString('base64')}` });
    const assertion = (sub: string) =>
      served.token({
        grant_type: 'client_credentials',
        client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
        client_assertion: `e30.${Buffer.from(JSON.stringify({ sub })).toString('base64url')}.x`,
      });
    for (const ask of [form, basic, assertion]) {
      const name = `loop-${ask.name}`;
      const statuses = [(await ask(name)).status, (await ask(name)).status, (await ask(name)).status, (await ask(`other-${name}`)).status];
      expect(statuses.map((status) => status === 429)).toEqual([false, false, true, false]);
    }
    await served.close();
  });

  test('takes part in the places: what does not fit is refused at once', async () => {
    let release = () => {};
    const gateway = await serve(
      (_, outgoing) =>
        new Promise((resolve) => {
          release = () => {
            outgoing.end('late');
            resolve();
          };
        }),
      { admission: createAdmission({ maxRequests: 1, maxBytes: 1_000 }) },
    );
    const first = gateway.post('/oauth/token');
    await sleep(100);
    const second = await gateway.post('/oauth/token');
    expect([second.status, second.headers.get('retry-after')]).toEqual([503, '1']);
    release();
    expect((await first).status).toBe(200);
    const third = gateway.post('/oauth/token');
    await sleep(100);
    release();
    expect((await third).status).toBe(200);
    await gateway.close();
  });

  test('has as long as a request may take', async () => {
    const gateway = await serve(() => new Promise(() => {}), { requestTimeoutMs: 100 });
    const answer = await gateway.post('/oauth/token');
    expect(answer.status).toBe(503);
    expect(await answer.json()).toMatchObject({ error: 'temporarily_unavailable' });
    await gateway.close();
  });

  test('takes no large body, and its own pages take none that comes bit by bit', async () => {
    const gateway = await serve(quick);
    const body = 'x'.repeat(100_000);
    expect((await gateway.post('/oauth/token', { body })).status).toBe(413);
    await gateway.close();
    const served = await serveAuthorization(createMemoryAuthorizationStore());
    const piece = new TextEncoder().encode('x'.repeat(10_000));
    const stream = ReadableStream.from(Array.from({ length: 20 }, () => piece));
    const headers = { 'Content-Type': 'application/x-www-form-urlencoded' };
    const init = { method: 'POST', headers, body: stream, duplex: 'half' } as RequestInit;
    const answer = await fetch(served.server.endpoints.token, init).catch(() => undefined);
    expect([undefined, 400, 413]).toContain(answer?.status);
    await served.close();
  });

  test('keeps no text with U+0000: it is 400 wherever it stands', async () => {
    const gateway = await serve(quick);
    for (const path of ['/oauth/authorize?client_id=%00', '/oauth/authorize?state=a%00b', '/oauth/interaction/%00'])
      expect((await gateway.ask(path)).status, path).toBe(400);
    await gateway.close();
  });

  test('answers with the headers of every answer, also where it fails', async () => {
    for (const handle of [quick, async () => Promise.reject(new Error('broken'))]) {
      const gateway = await serve(handle);
      const { headers, status } = await gateway.ask('/oauth/authorize', { headers: { Accept: 'text/html' } });
      expect(status).toBe(handle === quick ? 200 : 500);
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('content-security-policy')).toContain("default-src 'none'");
      expect(headers.get('cache-control')).toMatch(/no-cache|no-store/);
      await gateway.close();
    }
  });

  test('a request that a client gave up leaves its place', async () => {
    const admission = createAdmission({ maxRequests: 4, maxBytes: 1_000 });
    const gateway = await serve((incoming) => once(incoming, 'never').then(() => undefined), { admission });
    const leaving = new AbortController();
    const asked = gateway.post('/oauth/token', { signal: leaving.signal }).catch(() => undefined);
    await expect.poll(() => admission.counts.requests).toBe(1);
    leaving.abort();
    await asked;
    await expect.poll(() => admission.counts.requests, { timeout: 3_000 }).toBe(0);
    await gateway.close();
  });
});
