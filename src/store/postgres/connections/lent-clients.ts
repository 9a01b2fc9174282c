/** Connections that are lent out by pools, so that those who wait on a silent server can be let go. */
import type pg from 'pg';

export interface LentClients {
  watch(pool: pg.Pool): void;
  /** Breaks them: whoever waits gets "Connection terminated", and whether a statement was carried out is unknown. */
  breakAll(): void;
}

export function createLentClients(): LentClients {
  const lent = new Set<pg.PoolClient>();
  return {
    watch(pool) {
      pool.on('acquire', (client) => lent.add(client));
      pool.on('release', (_error, client) => lent.delete(client));
      pool.on('remove', (client) => lent.delete(client));
    },
    breakAll() {
      // With a statement under way this closes the socket, without waiting for the server.
      for (const client of lent) void (client as unknown as pg.Client).end().catch(() => undefined);
      lent.clear();
    },
  };
}
