/** Notices of broken glass, to a receiver that is there, away, or says no. */
import { createHmac } from 'node:crypto';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createNotices, type Notice, type Notices } from './notices.ts';

const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
const NOTICE: Notice = { requestId: 'r1', client: 'ward', method: 'GET', interaction: 'read', resourceType: 'Patient', status: 200 };

let folder: string;
let server: Server;
let status = 204;
let received: { headers: IncomingHttpHeaders; body: string }[] = [];
let notices: Notices | undefined;
const logged: string[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'meridian-notices-'));
  status = 204;
  received = [];
  logged.length = 0;
  server = createServer(async (request, response) => {
    let body = '';
    for await (const part of request) body += part;
    if (status < 300) received.push({ headers: request.headers, body });
    response.writeHead(status).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterEach(async () => {
  await notices?.stop();
  server.close();
  await rm(folder, { recursive: true, force: true });
});

let made = 0;
function start(): Notices {
  const { port } = server.address() as AddressInfo;
  const log = { warn: (message: string) => logged.push(message), error: (message: string) => logged.push(message) };
  const newId = () => `id-${++made}`;
  notices = createNotices({ folder, url: `http://127.0.0.1:${port}/hook`, secret: SECRET, now: Date.now, newId, everyMs: 10, log });
  return notices;
}

const untilReceived = (count: number) => vi.waitFor(() => expect(received).toHaveLength(count), { timeout: 5_000, interval: 10 });

test('are posted in order, signed, and tell neither patient nor reason', async () => {
  start().tell(NOTICE);
  notices?.tell({ ...NOTICE, requestId: 'r2', status: 403 });
  await untilReceived(2);
  const [{ headers, body }, second] = received as [(typeof received)[0], (typeof received)[0]];
  expect(JSON.parse(body)).toEqual({
    type: 'break-glass',
    timestamp: expect.any(String),
    data: { id: headers['webhook-id'], outcome: 'done', ...NOTICE },
  });
  expect(JSON.parse(second.body).data).toMatchObject({ requestId: 'r2', outcome: 'refused' });
  const key = Buffer.from(SECRET.slice('whsec_'.length), 'base64');
  const text = `${headers['webhook-id']}.${headers['webhook-timestamp']}.${body}`;
  expect(headers['webhook-signature']).toBe(`v1,${createHmac('sha256', key).update(text).digest('base64')}`);
  await vi.waitFor(async () => expect(await readdir(folder)).toEqual([]));
});

test('wait for a receiver that says no, each is taken once', async () => {
  status = 503;
  start().tell(NOTICE);
  await vi.waitFor(() => expect(logged).toContain('a notice of broken glass was not taken: it is sent again'));
  status = 200;
  await untilReceived(1);
  await vi.waitFor(async () => expect(await readdir(folder)).toEqual([]));
  expect(received).toHaveLength(1);
});

test('outlive the gateway', async () => {
  status = 500;
  start().tell(NOTICE);
  await notices?.stop();
  expect(await readdir(folder)).toHaveLength(1);
  status = 200;
  start();
  await untilReceived(1);
});

test('never fail a request: what can not be kept is logged', async () => {
  start();
  await rm(folder, { recursive: true });
  await writeFile(folder, 'no folder any more');
  notices?.tell(NOTICE);
  expect(logged).toEqual(['a notice of broken glass could not be kept']);
});
