/** One `mongod` process. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expectProcess } from './expect-process.ts';
import { killMarked } from './processes.ts';

interface MongodOptions {
  readonly binary: string;
  readonly dbPath: string;
  readonly port: number;
  /** The replica set that it belongs to; without one it runs alone, for maintenance. */
  readonly set?: string;
  readonly kind: 'config' | 'shard' | 'plain';
  /** Share of memory for its cache, GB; WiredTiger takes 0.25 at least. */
  readonly cacheGB: number;
  /** Alone: carries out what only the oplog holds, writes it down when it stops, and takes no other writes. */
  readonly replaysOplog?: boolean;
}

export interface MongodProcess {
  readonly address: string;
  readonly pid: number;
  /** Resolves when it answers. @throws with the end of its log if it exits before */
  ready(): Promise<void>;
  /** Asks it to shut down cleanly, kills it if it takes longer than 6 s. */
  stop(): Promise<void>;
  readonly exited: Promise<void>;
}

const START_PATIENCE_MS = 60_000;
const STOP_PATIENCE_MS = 6_000;

/** What a gateway that was killed had in a transaction stays locked for as long as that lives: 20 s to 30 s instead of 60 to 90. */
const SHARD = ['--setParameter', 'orphanCleanupDelaySecs=5', '--setParameter', 'transactionLifetimeLimitSeconds=20'];
const REPLAY = ['--setParameter', 'recoverFromOplogAsStandalone=true', '--setParameter', 'takeUnstableCheckpointOnShutdown=true'];

/**
 * zlib is left out of the compressors: the versions in use are in the range of CVE-2025-14847. The diagnostic data
 * collection samples every second and costs CPU that nobody reads.
 */
function argumentsOf({ dbPath, port, set, kind, cacheGB, replaysOplog }: MongodOptions): string[] {
  return [
    ...['--dbpath', dbPath, '--port', String(port), '--bind_ip', '127.0.0.1', '--nounixsocket'],
    ...['--logpath', `${dbPath}.log`, '--logappend', '--quiet', '--noscripting'],
    ...['--networkMessageCompressors', 'snappy,zstd', '--wiredTigerCacheSizeGB', String(cacheGB)],
    ...['--setParameter', 'diagnosticDataCollectionEnabled=false'],
    // A primary that is told to go waits for its clients up to this long; ours are told first.
    ...['--setParameter', 'shutdownTimeoutMillisForSignaledShutdown=100'],
    ...(set ? ['--replSet', set, '--oplogSize', '512'] : []),
    ...(set && kind === 'config' ? ['--configsvr'] : []),
    ...(set && kind === 'shard' ? ['--shardsvr', ...SHARD] : []),
    // Alone, it must not look for a session table that lives on shards.
    ...(set ? [] : ['--setParameter', 'disableLogicalSessionCacheRefresh=true', '--setParameter', 'skipShardingConfigurationChecks=true']),
    ...(replaysOplog ? REPLAY : []),
  ];
}

/** Ends a `mongod` that a crash left behind on this folder, where it would hold the lock and its port. */
export async function killStale(dbPath: string): Promise<void> {
  const pid = Number(readOr(`${dbPath}/mongod.lock`, '').trim());
  if (pid > 0) await killMarked(pid, `--dbpath ${dbPath} `);
}

function readOr(path: string, otherwise: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return otherwise;
  }
}

/** Starts the process, in a session of its own so that a terminal's Ctrl-C reaches only us, who stop it in order. */
export async function startMongod(options: MongodOptions): Promise<MongodProcess> {
  mkdirSync(options.dbPath, { recursive: true });
  mkdirSync(dirname(options.dbPath), { recursive: true });
  await killStale(options.dbPath);
  const child = spawn(options.binary, argumentsOf(options), { detached: true, stdio: 'ignore' });
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const failed = new Promise<never>((_, reject) => child.once('error', reject));
  failed.catch(() => {});
  if (child.pid === undefined) await failed;
  const address = `127.0.0.1:${options.port}`;
  return {
    address,
    pid: child.pid ?? 0,
    exited,
    ready: () => waitUntilItAnswers(child, address, `${options.dbPath}.log`),
    stop: () => stopChild(child, exited),
  };
}

async function waitUntilItAnswers(child: ChildProcess, address: string, logPath: string): Promise<void> {
  for (let waitedMs = 0; waitedMs < START_PATIENCE_MS; waitedMs += 40) {
    if (child.exitCode !== null || child.signalCode !== null) throw new Error(`mongod did not start: ${lastErrorIn(logPath)}`);
    try {
      await expectProcess(address, child.pid);
      return;
    } catch {
      await sleep(40);
    }
  }
  throw new Error(`mongod at ${address} did not answer within ${START_PATIENCE_MS / 1000} s`);
}

/** Why `mongod` ended, by its log, which has one JSON object a line: the first fatal one names the reason, else the last error does. */
function lastErrorIn(logPath: string): string {
  const lines = readOr(logPath, '').trimEnd().split('\n').slice(-200);
  const fatal = lines.find((line) => line.includes('"s":"F"'));
  const error = lines.findLast((line) => line.includes('"s":"E"'));
  return (fatal ?? error ?? lines.at(-1) ?? 'it left no log').slice(0, 500);
}

async function stopChild(child: ChildProcess, exited: Promise<void>): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_PATIENCE_MS);
  await exited;
  clearTimeout(timer);
}
