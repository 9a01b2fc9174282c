import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { expect, test } from 'vitest';
import { watchServer } from './server-watch.ts';

test('a watch that is closed while it connects ends at once', async () => {
  const server = createServer((socket) => void socket.on('error', () => undefined)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `postgres://nobody@127.0.0.1:${(server.address() as AddressInfo).port}/nothing`;
  const watch = watchServer({ url, onSilent: () => undefined, onAnswer: () => undefined });
  await once(server, 'connection');
  const startedAt = performance.now();
  await watch.close();
  expect(performance.now() - startedAt).toBeLessThan(2_000);
  server.close();
});
