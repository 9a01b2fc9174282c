/** Ports of the loopback interface that nobody listens on. */
import { createServer } from 'node:net';

/** Below the range that Linux hands out to outgoing connections, so that a port is still free at the next start. */
const FIRST_PORT = 20_000;
const PORT_COUNT = 12_000;

export function isPortFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ host: '127.0.0.1', port, exclusive: true }, () => server.close(() => resolve(true)));
  });
}

/** `count` different free ports, starting at a random place. @throws when the range is used up */
export async function findFreePorts(count: number, random: () => number = Math.random): Promise<number[]> {
  const ports: number[] = [];
  const offset = Math.floor(random() * PORT_COUNT);
  for (let step = 0; ports.length < count && step < PORT_COUNT; step++) {
    const port = FIRST_PORT + ((offset + step) % PORT_COUNT);
    if (await isPortFree(port)) ports.push(port);
  }
  if (ports.length < count) throw new Error(`no ${count} free ports between ${FIRST_PORT} and ${FIRST_PORT + PORT_COUNT}`);
  return ports;
}

/** One of them. @throws when the range is used up */
export async function findFreePort(): Promise<number> {
  const [port] = await findFreePorts(1);
  return port as number;
}
