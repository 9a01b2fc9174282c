/**
 * The router process: `node main.ts --port N --config HOST:PORT[,…] --cluster-id ID`. It ends with its standard input, that is
 * with the process that started it. For development and tests only: production has `mongos`.
 */
import { createServer, type Socket } from 'node:net';
import { serveClient } from './client-connection.ts';
import type { Router } from './context.ts';
import { CursorTable } from './cursor-table.ts';
import { configGreeting, shardGreeting } from './identity.ts';
import { RoutingTable } from './routing-table.ts';
import { Shard } from './shards/shard.ts';
import { ShardSet } from './shards/shard-set.ts';
import { Transactions } from './transactions.ts';

function argument(name: string): string {
  const at = process.argv.indexOf(`--${name}`);
  const value = at < 0 ? undefined : process.argv[at + 1];
  if (value === undefined) throw new Error(`usage: main.ts --port N --config HOST:PORT[,…] --cluster-id ID (no --${name})`);
  return value;
}

const clusterId = argument('cluster-id');
const config = new Shard('config', argument('config').split(','), configGreeting(clusterId));
const routing = new RoutingTable(config);
const shards = new ShardSet(routing, (shardId) => shardGreeting(clusterId, shardId));
const router: Router = { config, routing, shards, cursors: new CursorTable(), transactions: new Transactions() };

const clients = new Set<Socket>();
let connectionCount = 0;
const server = createServer((socket) => {
  clients.add(socket);
  socket.once('close', () => clients.delete(socket));
  serveClient(router, socket, ++connectionCount);
});

function stop(): void {
  server.close();
  for (const client of clients) client.destroy();
  router.shards.close();
  config.close();
  process.exit(0);
}

await router.shards.load();
server.listen(Number(argument('port')), '127.0.0.1');
process.once('SIGTERM', stop);
process.once('SIGINT', stop);
process.stdin.once('end', stop).resume();
