import { type AddressInfo, connect, createServer } from 'node:net';
import { serialize } from 'bson';
import { afterAll, expect, test } from 'vitest';
import { serveClient } from './client-connection.ts';
import type { Router } from './context.ts';
import { CursorTable } from './cursor-table.ts';
import { RoutingTable } from './routing-table.ts';
import { bodyOf } from './shards/command-client.ts';
import { ConnectionPool } from './shards/connection.ts';
import { Shard } from './shards/shard.ts';
import { ShardSet } from './shards/shard-set.ts';
import { Transactions } from './transactions.ts';
import { messageOf, OP_QUERY } from './wire/wire.ts';

/** A router without a cluster: enough for what it must not survive badly. */
const config = new Shard('config', []);
const routing = new RoutingTable(config);
const router: Router = {
  config,
  routing,
  shards: new ShardSet(routing, () => undefined),
  cursors: new CursorTable(),
  transactions: new Transactions(),
};
const server = createServer((socket) => serveClient(router, socket, 1)).listen(0, '127.0.0.1');
await new Promise((resolve) => server.once('listening', resolve));
const { port } = server.address() as AddressInfo;
afterAll(() => server.close());

/** What comes back before the server closes, or after a while; empty for nothing. */
function exchange(bytes: Buffer): Promise<Buffer> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port });
    const chunks: Buffer[] = [];
    socket.on('data', (chunk) => {
      chunks.push(chunk);
      socket.end();
    });
    socket.on('error', () => {});
    socket.setTimeout(100, () => socket.destroy());
    socket.on('close', () => resolve(Buffer.concat(chunks)));
    socket.write(bytes);
  });
}

async function isServing(): Promise<boolean> {
  const pool = new ConnectionPool(`127.0.0.1:${port}`, { maxSize: 1 });
  const reply = await new Promise<Buffer>((resolve, reject) => {
    pool.send(messageOf(serialize({ ping: 1, $db: 'admin' }), 3, 0), { onReply: resolve, onFailure: reject });
  });
  pool.close();
  return bodyOf(reply).ok === 1 && reply.readInt32LE(8) === 3;
}

/** The same sequence for the same seed. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

test('hello by OP_MSG and by OP_QUERY tells of a mongos', async () => {
  const hello = bodyOf(await exchange(messageOf(serialize({ hello: 1, $db: 'admin' }), 1, 0)));
  expect(hello).toMatchObject({ msg: 'isdbgrid', isWritablePrimary: true, maxWireVersion: 17, ok: 1 });
  expect(hello).not.toHaveProperty('topologyVersion');
  const query = Buffer.concat([Buffer.alloc(20), Buffer.from('admin.$cmd\0'), Buffer.alloc(8), serialize({ ismaster: 1, helloOk: true })]);
  query.writeInt32LE(query.length, 0);
  query.writeInt32LE(OP_QUERY, 12);
  expect((await exchange(query)).includes('isdbgrid')).toBe(true);
});

test('damaged messages are answered with an error or the end of the connection, and the router goes on', async () => {
  const seed = Number(process.env.SEED ?? Date.now() % 1_000_000);
  const random = randomFrom(seed);
  const filter = { _id: { $in: ['a', 'b'], $gte: 'a' }, $and: [{ x: 1 }, { y: /z/ }] };
  const whole = messageOf(serialize({ find: 'c', filter, sort: { a: 1 }, lsid: { id: 1 }, cursors: [1], $db: 'admin' }), 1, 0);
  for (let round = 0; round < 60; round++) {
    const bytes = Buffer.from(whole);
    const count = 1 + Math.floor(random() * 4);
    // The length stays: else this would only test the waiting for more.
    for (let change = 0; change < count; change++) bytes[4 + Math.floor(random() * (bytes.length - 4))] = Math.floor(random() * 256);
    await exchange(bytes);
  }
  expect(await isServing(), `seed ${seed}`).toBe(true);
}, 30_000);

test.each([
  ['a header alone', Buffer.from([16, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0xdd, 7, 0, 0])],
  ['HTTP', Buffer.from('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n')],
  ['a negative length', Buffer.alloc(32, 0xff)],
])('%s does no harm', async (_, bytes) => {
  await exchange(bytes);
  expect(await isServing()).toBe(true);
});
