/** One run of the server: start, wait until it answers, stop. */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { open, readFile, rm, stat, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import type { PostgresBinaries } from './binaries.ts';
import { dataFolder } from './cluster.ts';
import { GUARDIAN } from './guardian.ts';
import type { Owner } from './owner.ts';
import { SETTINGS } from './settings.ts';

interface ServerOptions {
  readonly binaries: PostgresBinaries;
  readonly owner: Owner;
  readonly folder: string;
  readonly port: number;
  readonly password: string;
  readonly settings: Readonly<Record<string, string>>;
  /** Path of the server's log file. */
  readonly log: string;
}

export interface Server {
  /** Of the postmaster. */
  readonly pid: number;
  readonly processes: () => readonly { role: string; pid: number }[];
  stop(): Promise<void>;
  /** It has ended, however it did. */
  readonly exited: Promise<void>;
}

/** How long remains of a killed predecessor may hold the data folder. */
const PATIENCE_MS = 20_000;
const READY_MS = 60_000;
const MAX_LOG_BYTES = 16 * 1024 * 1024;
/** What a server says when its predecessor's processes have not all gone yet. */
const PREDECESSOR = /pre-existing shared memory block|lock file ".*" already exists|is another postmaster/;

/**
 * Starts the server and waits until it answers. After a crash, leftovers of the last run are waited for.
 * @throws Error with the last words of the server's log
 */
export async function startServer(options: ServerOptions): Promise<Server> {
  const giveUpAt = Date.now() + PATIENCE_MS;
  for (;;) {
    await removeStaleLock(dataFolder(options.folder));
    const from = await logSize(options.log);
    const guardian = launch(options);
    if (await isReady(guardian, options)) return serverOf(guardian, options);
    const lines = await linesFrom(options.log, from);
    const isHindered = lines.some((line) => PREDECESSOR.test(line));
    if (!isHindered || Date.now() > giveUpAt) throw new Error(`PostgreSQL did not start: ${reasonIn(lines)}`);
    await sleep(100);
  }
}

function launch({ binaries, owner, folder, port, settings, log }: ServerOptions): ChildProcess {
  const all = { ...SETTINGS, ...settings, port: String(port) };
  const flags = Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const logFile = openSync(log, 'a', 0o600);
  try {
    return spawn('/bin/sh', ['-c', GUARDIAN, 'postgres-guardian', binaries.postgres, '-D', dataFolder(folder), ...flags], {
      ...owner,
      cwd: '/',
      env: { PATH: process.env.PATH, TZ: 'UTC' },
      stdio: ['pipe', logFile, logFile],
      // A group of its own: Ctrl-C goes to the gateway, which stops the server when it has drained.
      detached: true,
    });
  } finally {
    closeSync(logFile);
  }
}

async function isReady(guardian: ChildProcess, { port, password }: ServerOptions): Promise<boolean> {
  let ended = false;
  guardian.once('exit', () => {
    ended = true;
  });
  guardian.once('error', () => {
    ended = true;
  });
  for (const giveUpAt = Date.now() + READY_MS; !ended && Date.now() < giveUpAt; await sleep(20)) {
    if (await answers(port, password)) return !ended;
  }
  guardian.stdin?.end();
  return false;
}

async function answers(port: number, password: string): Promise<boolean> {
  const client = new Client({ host: '127.0.0.1', port, user: 'meridian', password, database: 'postgres', connectionTimeoutMillis: 5000 });
  // A server that goes away while we ask is a "no", not an uncaught error.
  client.on('error', () => undefined);
  try {
    await client.connect();
    return true;
  } catch {
    return false;
  } finally {
    await client.end().catch(() => undefined);
  }
}

async function serverOf(guardian: ChildProcess, options: ServerOptions): Promise<Server> {
  const postmaster = (await postmasterPid(dataFolder(options.folder))) ?? 0;
  const exited = new Promise<void>((resolve) => {
    if (guardian.exitCode !== null || guardian.signalCode !== null) resolve();
    guardian.once('exit', () => resolve());
  });
  // The pipe and the child must not keep a gateway alive that has nothing else to do.
  guardian.unref();
  (guardian.stdin as unknown as { unref?: () => void } | null)?.unref?.();
  guardian.stdin?.on('error', () => undefined);
  return {
    pid: postmaster,
    exited,
    processes: () => [
      { role: 'postgres-guardian', pid: guardian.pid ?? 0 },
      { role: 'postgres', pid: postmaster },
    ],
    stop: async () => {
      guardian.ref();
      guardian.stdin?.end();
      await exited;
    },
  };
}

async function postmasterPid(data: string): Promise<number | undefined> {
  const [first] = (await readFile(join(data, 'postmaster.pid'), 'utf8').catch(() => '')).split('\n');
  return first ? Number(first) : undefined;
}

/** PostgreSQL trusts a lock file if any process of its user has that number now; one that isn't a server is a stale one. */
async function removeStaleLock(data: string): Promise<void> {
  const pid = await postmasterPid(data);
  if (pid === undefined) return;
  const name = await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => '');
  if (name.trim() !== 'postgres') await rm(join(data, 'postmaster.pid'), { force: true });
}

async function logSize(path: string): Promise<number> {
  const size = await stat(path).then(
    (found) => found.size,
    () => 0,
  );
  if (size <= MAX_LOG_BYTES) return size;
  await truncate(path);
  return 0;
}

async function linesFrom(path: string, from: number): Promise<string[]> {
  const file = await open(path, 'r');
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(16_384), 0, 16_384, from);
    return buffer.toString('utf8', 0, bytesRead).trim().split('\n');
  } finally {
    await file.close();
  }
}

/** The last FATAL line: those before it may be of a predecessor's processes, which write to the same log. */
function reasonIn(lines: readonly string[]): string {
  return (lines.findLast((line) => line.includes('FATAL')) ?? lines.at(-1) ?? 'no word in its log').trim();
}
