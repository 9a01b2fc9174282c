/** The gateway under test: the embedded default, started as `npm start` starts it, in a data folder of its own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { openLocalIssuer } from '../src/access/local-key.ts';
import { findFreePort } from '../src/embedded/free-ports.ts';
import { listProcesses } from './processes.ts';

interface GatewayOptions {
  readonly shards: number;
  readonly members: number;
  /** Further arguments of the gateway, such as `--connect`. */
  readonly args: readonly string[];
  /** Where `--cpu-prof` writes; none by default. */
  readonly profileDir?: string | undefined;
}

export interface Gateway {
  readonly pid: number;
  readonly url: string;
  readonly token: string;
  /** A token with this scope. */
  readonly tokenFor: (scope: string) => Promise<string>;
  /** How long it took to answer, in seconds. */
  readonly startSeconds: number;
  /** Connection strings of the engines that it started. */
  readonly engines: () => Promise<{ readonly mongodbUri: string; readonly databaseUrl: string }>;
  stop(): Promise<void>;
}

const START_PATIENCE_MS = 120_000;
const TOKEN_TTL_SECONDS = 24 * 3600;
/** As in scripts/bootstrap/commands.mjs. */
const GATEWAY_FLAGS = ['--max-semi-space-size=16', '--heap-growing-percent=100'];
const MAIN = join(import.meta.dirname, '../src/main.ts');

/** @throws Error with the end of its output if it does not get ready */
export async function startGateway(options: GatewayOptions): Promise<Gateway> {
  const dataDir = await mkdtemp(join(tmpdir(), 'meridian-bench-'));
  const port = await findFreePort();
  const profiling = options.profileDir ? ['--cpu-prof', `--cpu-prof-dir=${options.profileDir}`] : [];
  const shape = ['--shards', String(options.shards), '--members', String(options.members)];
  const args = [...GATEWAY_FLAGS, ...profiling, MAIN, '--port', String(port), '--data-dir', dataDir, ...shape, ...options.args];
  const start = performance.now();
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'], env: { LOG_LEVEL: 'warn', ...process.env } });
  const output = tailOf(child);
  const stop = () => stopGateway(child, dataDir);
  const origin = `http://127.0.0.1:${port}`;
  const url = `${origin}/fhir/R4`;
  try {
    await waitUntilReady(child, `${origin}/health/ready`);
    const startSeconds = (performance.now() - start) / 1000;
    const issuer = await openLocalIssuer(dataDir);
    const tokenFor = (scope: string) => issuer.sign({ audience: url, scope, subject: 'bench', ttlSeconds: TOKEN_TTL_SECONDS });
    const token = await tokenFor('system/*.cruds');
    const pid = child.pid ?? 0;
    return { pid, url, token, tokenFor, startSeconds, engines: () => findEngines(pid, dataDir), stop };
  } catch (error) {
    await stop();
    throw new Error(`${(error as Error).message}\n${output()}`);
  }
}

function tailOf(child: ChildProcess): () => string {
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk: Buffer) => {
      text = (text + chunk.toString()).slice(-4000);
    });
  }
  return () => text;
}

async function waitUntilReady(child: ChildProcess, url: string): Promise<void> {
  for (const giveUpAt = performance.now() + START_PATIENCE_MS; performance.now() < giveUpAt; await sleep(100)) {
    if (child.exitCode !== null || child.signalCode !== null) throw new Error('the gateway ended before it was ready');
    const response = await fetch(url).catch(() => undefined);
    await response?.body?.cancel();
    if (response?.ok) return;
  }
  throw new Error('the gateway did not get ready in two minutes');
}

async function stopGateway(child: ChildProcess, dataDir: string): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) {
    child.kill('SIGTERM');
    await once(child, 'exit');
  }
  await rm(dataDir, { recursive: true, force: true, maxRetries: 5 });
}

async function findEngines(pid: number, dataDir: string) {
  const processes = listProcesses(pid);
  const portIn = (command: string | undefined) => /--port[ =](\d+)/.exec(command ?? '')?.[1];
  const router = portIn(processes.find(({ role }) => role === 'router')?.command);
  const replica = portIn(processes.find(({ role }) => role === 'shards')?.command);
  const mongodbUri = router ? `mongodb://127.0.0.1:${router}/meridian` : `mongodb://127.0.0.1:${replica}/meridian?replicaSet=replica`;
  // The fourth line of postmaster.pid is the port: https://www.postgresql.org/docs/current/storage-file-layout.html
  const postmaster = await readFile(join(dataDir, 'postgres/data/postmaster.pid'), 'utf8');
  const password = (await readFile(join(dataDir, 'postgres/password'), 'utf8')).trim();
  return { mongodbUri, databaseUrl: `postgres://meridian:${password}@127.0.0.1:${postmaster.split('\n')[3]?.trim()}/meridian` };
}
