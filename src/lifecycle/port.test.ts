import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { expect, test } from 'vitest';
import { assertPortFree } from './port.ts';

test('a taken port is told with its number', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await expect(assertPortFree('127.0.0.1', port)).rejects.toThrow(
    `Port ${port} is in use: stop what listens there, or choose another with --port.`,
  );
  server.close();
  await once(server, 'close');
  await expect(assertPortFree('127.0.0.1', port)).resolves.toBeUndefined();
});

test('an address that is not ours is told', async () => {
  await expect(assertPortFree('192.0.2.1', 8080)).rejects.toThrow("Can't listen on 192.0.2.1:8080 (EADDRNOTAVAIL)");
});
