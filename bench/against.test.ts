import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { attach } from './against.ts';
import { readOptions } from './options.ts';
import { sampleCpu, totalCpu } from './processes.ts';

let server: Server;
let base: string;
const asked: (string | undefined)[] = [];

beforeAll(async () => {
  server = createServer((request, response) => {
    asked.push(`${request.url} ${request.headers['cache-control']}`);
    response.writeHead(request.url === '/fhir/metadata' ? 200 : 404).end();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => void server.close());

test('the command line names the server, its processes and headers', async () => {
  const args = ['--against', `${base}/fhir/`, '--processes', `${process.pid},${process.ppid}`, '--header', 'Cache-Control: no-store'];
  const options = readOptions(args);
  expect(options).toMatchObject({ raw: false, name: 'against' });
  const subject = await attach(options?.against ?? { url: '', processes: [], headers: [] });
  expect(subject).toEqual({ url: `${base}/fhir`, pids: [process.pid, process.ppid], headers: { 'cache-control': 'no-store' } });
  expect(asked).toEqual(['/fhir/metadata no-store']);
});

test.each([
  ['a process that is not there', { processes: [2 ** 30] }, /there is no process 1073741824/],
  ['a header without a colon', { headers: ['no-store'] }, /--header must be "name: value"/],
  ['a server that has no metadata', { url: '/other' }, /\/other\/metadata answers 404/],
])('refuses %s', async (_, over, message) => {
  const url = `${base}${'url' in over ? over.url : '/fhir'}`;
  await expect(attach({ processes: [process.pid], headers: [], ...over, url })).rejects.toThrow(message);
});

test('--processes is needed', () => expect(() => readOptions(['--against', base])).toThrow(/--processes must be a number from 1/));

test('a process named twice, or below another, counts once', () => {
  const [once, twice] = [sampleCpu(process.pid), sampleCpu(process.pid, process.pid)].map(totalCpu) as [number, number];
  expect(twice).toBeGreaterThanOrEqual(once);
  expect(twice).toBeLessThan(once * 1.5);
});
