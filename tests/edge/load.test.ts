/** A server under load, or under attack by volume: OWASP API4. */
import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { brotliCompressSync, createGzip, deflateSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { send } from '../../conformance/runner/send.ts';
import { createAdmission } from '../../src/http/middleware/admission.ts';
import { createRateLimits } from '../../src/http/middleware/rate-limit.ts';
import { DEFAULT_LIMITS } from '../../src/interactions/context.ts';
import { memoryServices, type ServedGateway, serveMemoryGateway } from '../support/memory-gateway.ts';

const MIB = 1024 * 1024;
const patient = { resourceType: 'Patient', active: true };
let gateway: ServedGateway;

beforeAll(async () => {
  gateway = await serveMemoryGateway({ compressFrom: 2000, serve: { receiveTimeoutMs: 1000 } });
});
afterAll(() => gateway.close());

/** Posts bytes or a stream as they are. */
async function post(path: string, body: Buffer | Readable, headers: Record<string, string>, target = gateway): Promise<IncomingMessage> {
  const all = { Authorization: `Bearer ${await target.token('system/*.cruds')}`, 'Content-Type': 'application/fhir+json', ...headers };
  const outgoing = httpRequest(`${target.baseUrl}/${path}`, { method: 'POST', headers: all });
  // A server that refuses stops reading.
  outgoing.on('error', () => undefined);
  if (Buffer.isBuffer(body)) outgoing.end(body);
  else body.pipe(outgoing);
  const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
  response.resume();
  return response;
}

/** So many zero bytes. */
function zeros(bytes: number): Readable {
  const chunk = Buffer.alloc(MIB);
  return Readable.from(Array.from({ length: bytes / MIB }, () => chunk));
}

describe('compressed bodies (https://www.rfc-editor.org/rfc/rfc9110#section-8.4)', () => {
  test.each([
    ['gzip', gzipSync],
    ['deflate', deflateSync],
    ['br', brotliCompressSync],
  ])('%s is taken', async (encoding, encode) => {
    const response = await post('Patient', encode(JSON.stringify(patient)), { 'Content-Encoding': encoding });
    expect(response.statusCode).toBe(201);
  });

  test('a bomb of 300 MiB is refused within a second, and others are answered meanwhile', { retry: 2, timeout: 20_000 }, async () => {
    const bomb = Buffer.concat(
      await zeros(300 * MIB)
        .pipe(createGzip({ level: 9 }))
        .toArray(),
    );
    const [before, asked] = [process.memoryUsage().rss, performance.now()];
    const [response, other] = await Promise.all([
      post('Patient', bomb, { 'Content-Encoding': 'gzip' }),
      send({ method: 'GET', path: 'metadata', scope: null }, gateway),
    ]);
    expect([response.statusCode, other.status]).toEqual([413, 200]);
    expect(performance.now() - asked).toBeLessThan(1000);
    expect(process.memoryUsage().rss - before).toBeLessThan(200 * MIB);
  });

  test('a broken one is 400, an unknown encoding 415 and told what is taken', async () => {
    expect((await post('Patient', Buffer.from('no gzip'), { 'Content-Encoding': 'gzip' })).statusCode).toBe(400);
    const unknown = await post('Patient', Buffer.from('{}'), { 'Content-Encoding': 'zstd' });
    expect([unknown.statusCode, unknown.headers['accept-encoding']]).toEqual([415, 'gzip, deflate, br']);
  });
});

describe('compressed answers', () => {
  const asked = async (encoding: string) => {
    const response = await fetch(`${gateway.baseUrl}/metadata`, { headers: { 'Accept-Encoding': encoding } });
    return { encoding: response.headers.get('content-encoding'), body: await response.text(), vary: response.headers.get('vary') };
  };

  test('come only when asked for, and hold the same', async () => {
    const plain = await asked('identity');
    expect(plain).toMatchObject({ encoding: null, vary: expect.stringContaining('Accept-Encoding') });
    expect(await asked('gzip')).toEqual({ ...plain, encoding: 'gzip' });
    expect(await asked('gzip, br')).toEqual({ ...plain, encoding: 'br' });
    expect(await asked('br;q=0, gzip;q=0.5')).toEqual({ ...plain, encoding: 'gzip' });
  });

  test('short ones stay as they are', async () => {
    const answer = await send({ method: 'GET', path: 'Patient/none', headers: { 'Accept-Encoding': 'br' } }, gateway);
    expect(answer.headers.get('content-encoding')).toBeNull();
  });
});

describe('more requests than fit', () => {
  test('are refused with 503 and Retry-After before their body is read; those under way are answered', async () => {
    const { promise: opened, resolve: open } = Promise.withResolvers<void>();
    const services = memoryServices(() => undefined);
    const store = { ...services.store, search: (search: never) => opened.then(() => services.store.search(search)) };
    const busy = await serveMemoryGateway({ store, admission: createAdmission({ maxRequests: 4, maxBytes: 10_000 }) });
    const searches = Array.from({ length: 3 }, () => send({ method: 'GET', path: 'Patient?active=true' }, busy));
    const refused = await Promise.race(searches);
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '1']);
    expect((await send({ method: 'GET', path: 'Patient/none' }, busy)).status).toBe(404);
    expect((await send({ method: 'POST', path: 'Patient', body: patient }, busy)).status).toBe(201);
    const large = { ...patient, name: [{ text: 'x'.repeat(12_000) }] };
    expect((await send({ method: 'POST', path: 'Patient', body: large }, busy)).status).toBe(503);
    open();
    expect((await Promise.all(searches)).map(({ status }) => status).sort()).toEqual([200, 200, 503]);
    expect((await send({ method: 'GET', path: 'Patient?active=true' }, busy)).status).toBe(200);
    await busy.close();
  });
});

describe('requests without end', () => {
  /** A store whose searches end when they are cancelled, and what they ended with. */
  function endlessSearches() {
    const ended: unknown[] = [];
    const services = memoryServices(() => undefined);
    const search = ({ signal }: { signal?: AbortSignal }) =>
      new Promise<never>((_, reject) =>
        signal?.addEventListener('abort', () => {
          ended.push(signal.reason);
          reject(signal.reason);
        }),
      );
    return { ended, store: { ...services.store, search } };
  }

  test('are cancelled in the store after the time-out', async () => {
    const { ended, store } = endlessSearches();
    const slow = await serveMemoryGateway({ store, requestTimeoutMs: 100 });
    const answer = await send({ method: 'GET', path: 'Patient?active=true' }, slow);
    expect(answer).toMatchObject({ status: 503, body: { issue: [{ code: 'timeout' }] } });
    expect(answer.headers.get('retry-after')).toBe('5');
    expect(ended).toHaveLength(1);
    await slow.close();
  });

  test('tell which parameters they had, and no values', async () => {
    const slow = await serveMemoryGateway({ store: endlessSearches().store, requestTimeoutMs: 100 });
    const many = Array.from({ length: 15 }, (_, n) => `name=n${n}&address-city=Secretville`).join('&');
    const body = new URLSearchParams('family=Hidden&_has:Observation:patient:code=123-4');
    const asked = [
      ['GET', `Patient?family=Hidden&${many}&_sort=birthdate`, ['family', 'name', 'address-city', '_sort']],
      ['POST', 'Patient/_search', ['family', '_has:Observation:patient:code']],
    ] as const;
    for (const [method, path, names] of asked) {
      const headers = { Authorization: `Bearer ${await slow.token('system/*.cruds')}` };
      const answer = await fetch(`${slow.baseUrl}/${path}`, { method, headers, ...(method === 'POST' && { body }) });
      const text = await answer.text();
      expect(answer.status).toBe(503);
      expect(answer.headers.get('retry-after')).toBe('5');
      const [issue] = (JSON.parse(text) as { issue: { code: string; diagnostics: string; expression: string[] }[] }).issue;
      expect(issue).toMatchObject({ code: 'timeout', expression: names });
      for (const name of names) expect(issue?.diagnostics).toContain(name);
      expect(text).not.toMatch(/Hidden|Secretville|123-4/);
    }
    await slow.close();
  });

  test('are cancelled in the store when the client goes away', async () => {
    const { ended, store } = endlessSearches();
    const slow = await serveMemoryGateway({ store });
    const leaving = new AbortController();
    const headers = { Authorization: `Bearer ${await slow.token('system/*.cruds')}` };
    const asked = fetch(`${slow.baseUrl}/Patient?active=true`, { headers, signal: leaving.signal });
    await sleep(100);
    leaving.abort();
    await expect(asked).rejects.toThrow();
    await expect.poll(() => ended.length, { timeout: 2000 }).toBe(1);
    await slow.close();
  });
});

describe('requests that are too long', () => {
  const get = async (path: string, headers: Record<string, string> = {}) => {
    const all = { Authorization: `Bearer ${await gateway.token('system/*.cruds')}`, ...headers };
    const outgoing = httpRequest(`${gateway.baseUrl}/${path}`, { headers: all });
    outgoing.on('error', () => undefined).end();
    const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
    const text = (await response.toArray()).join('');
    return { status: response.statusCode, body: JSON.parse(text) as { issue?: { code: string; diagnostics: string }[] } };
  };
  const ids = (count: number) => Array.from({ length: count }, (_, n) => `${n}`.padStart(36, 'a')).join(',');

  test('a URL that names a thousand ids is answered', async () => {
    expect((await get(`Patient?_id=${ids(1000)}`)).status).toBe(200);
  });

  test.each([70_000, 140_000, 500_000])('a URL of %i characters is 414, and says what to do', async (length) => {
    const { status, body } = await get(`Patient?_id=${'a'.repeat(length)}`);
    expect([status, body.issue?.[0]?.code]).toEqual([414, 'too-long']);
    expect(body.issue?.[0]?.diagnostics).toContain('_search');
  });

  test('headers of 100,000 characters are 431', async () => {
    const headers = Object.fromEntries(Array.from({ length: 50 }, (_, n) => [`X-${n}`, 'a'.repeat(2000)]));
    const { status, body } = await get('Patient', headers);
    expect([status, body.issue?.[0]?.code]).toEqual([431, 'too-long']);
  });

  test('what is no HTTP is 400', async () => {
    const socket = connect(Number(new URL(gateway.baseUrl).port), '127.0.0.1');
    socket.write('GARBAGE\r\n\r\n');
    const text = (await socket.toArray()).join('');
    expect(text).toMatch(/^HTTP\/1\.1 400 /);
    expect(text).toContain('"OperationOutcome"');
  });

  test('a query has as many parameters as the limit says', async () => {
    const narrow = await serveMemoryGateway({ limits: { ...DEFAULT_LIMITS, maxSearchParameters: 12 } });
    const query = (count: number) => Array.from({ length: count }, (_, n) => `name=n${n}`).join('&');
    const statusOf = async (path: string, init = {}) => (await send({ method: 'GET', path, ...init }, narrow)).status;
    expect([await statusOf(`Patient?${query(12)}`), await statusOf(`Patient?${query(13)}`)]).toEqual([200, 400]);
    const created = { method: 'POST', body: patient, headers: { 'If-None-Exist': query(13) } };
    expect(await statusOf('Patient', created)).toBe(400);
    await narrow.close();
  });
});

describe('rate limits', () => {
  test('are told, weigh what costs more, and end in 429 with Retry-After', async () => {
    const limited = await serveMemoryGateway({ rates: createRateLimits({ clientPoints: 25, userPoints: 0, refusedTokens: 2 }) });
    const created = await send({ method: 'POST', path: 'Patient', body: patient }, limited);
    expect(created.headers.get('ratelimit-policy')).toBe('"client";q=25;w=60');
    expect(created.headers.get('ratelimit')).toMatch(/^"client";r=15;t=\d+$/);
    const read = await send({ method: 'GET', path: 'Patient/none' }, limited);
    expect(read.headers.get('ratelimit')).toMatch(/^"client";r=14;/);
    await send({ method: 'POST', path: 'Patient', body: patient }, limited);
    const refused = await send({ method: 'GET', path: 'Patient?active=true' }, limited);
    expect(refused).toMatchObject({ status: 429, body: { issue: [{ code: 'throttled' }] } });
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect((await send({ method: 'GET', path: 'Patient/none', client: 'other' }, limited)).status).toBe(404);
    expect((await send({ method: 'GET', path: 'metadata', scope: null }, limited)).status).toBe(200);
    await limited.close();
  });

  test('count the bytes of a Bundle, and refused tokens by address', async () => {
    const limited = await serveMemoryGateway({ rates: createRateLimits({ clientPoints: 25, userPoints: 0, refusedTokens: 2 }) });
    const entry = [{ resource: { ...patient, name: [{ text: 'x'.repeat(20_000) }] }, request: { method: 'POST', url: 'Patient' } }];
    expect((await send({ method: 'POST', path: '', body: { resourceType: 'Bundle', type: 'batch', entry } }, limited)).status).toBe(200);
    expect((await send({ method: 'GET', path: 'Patient/none' }, limited)).status).toBe(429);
    const forged = () => send({ method: 'GET', path: 'Patient/none', scope: null, headers: { Authorization: 'Bearer x.y.z' } }, limited);
    expect([(await forged()).status, (await forged()).status, (await forged()).status]).toEqual([401, 401, 429]);
    await limited.close();
  });
});

describe('clients that hold a connection for nothing', () => {
  /** Sends text and gives what came back by the time the server ended the connection. */
  async function dialogue(text: string): Promise<string> {
    const socket = connect(Number(new URL(gateway.baseUrl).port), '127.0.0.1');
    socket.write(text);
    const answer = await socket.toArray();
    return Buffer.concat(answer).toString();
  }

  test('headers or a body that do not come are 408', { retry: 2, timeout: 20_000 }, async () => {
    const asked = performance.now();
    const answers = await Promise.all([
      dialogue('GET /fhir/R4/metadata HTTP/1.1\r\nHost: a\r\nX-A: '),
      dialogue('POST /fhir/R4/Patient HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n{'),
    ]);
    expect(answers[0]).toMatch(/^HTTP\/1.1 408 /);
    expect(answers[1]).toMatch(/^HTTP\/1.1 (408|401) /);
    expect(performance.now() - asked).toBeLessThan(4000);
  });

  test('a thousand idle connections leave others served', { retry: 2, timeout: 20_000 }, async () => {
    const port = Number(new URL(gateway.baseUrl).port);
    const sockets = Array.from({ length: 1000 }, () => connect(port, '127.0.0.1').on('error', () => undefined));
    await Promise.all(sockets.map((socket) => once(socket, 'connect')));
    const asked = performance.now();
    expect((await send({ method: 'GET', path: 'metadata', scope: null }, gateway)).status).toBe(200);
    expect(performance.now() - asked).toBeLessThan(1000);
    for (const socket of sockets) socket.destroy();
  });
});

describe('a gateway that ends', () => {
  test('answers what is under way, ends its connections and takes no new ones', async () => {
    const { promise: opened, resolve: open } = Promise.withResolvers<void>();
    const services = memoryServices(() => undefined);
    const store = { ...services.store, search: (search: never) => opened.then(() => services.store.search(search)) };
    const ending = await serveMemoryGateway({ store });
    const asked = send({ method: 'GET', path: 'Patient?active=true' }, ending);
    await sleep(100);
    const closed = ending.close(2000);
    await expect(send({ method: 'GET', path: 'metadata', scope: null }, ending)).rejects.toThrow();
    open();
    expect((await asked).status).toBe(200);
    await closed;
  });
});
