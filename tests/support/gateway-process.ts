/** A gateway as users run it: a process of its own, killed and started again at will. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach } from 'vitest';
import { openLocalIssuer } from '../../src/access/local-key.ts';
import { findFreePort } from '../../src/embedded/free-ports.ts';

export interface GatewayProcess {
  readonly pid: number;
  /** The base URL. */
  readonly url: string;
  /** Asks with a token for everything. `body` is sent as FHIR JSON. The text of a 500 ends with what the log says of it. */
  ask(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>;
  /** The lines of its log that hold the text. */
  logged(text: string): string;
  /** Sends the signal and waits for the end. Gives how long that took; milliseconds. */
  end(signal: 'SIGTERM' | 'SIGKILL'): Promise<number>;
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests reach into answers of every type
  readonly json: any;
}

interface GatewayProcessOptions {
  readonly dataDir: string;
  readonly args?: readonly string[];
  /** What tokens are made for, when it isn't the gateway's own base URL. */
  readonly audience?: string;
  readonly port?: number;
}

/** What gateways behind one address make and take tokens for. */
export const SHARED = { audience: 'https://meridian.test/fhir/R4', issuer: 'https://meridian.test' } as const;

/** Options of a gateway on stores that run already, and that other gateways may use as well, with further `flags`. */
export function onStores(
  { mongodbUri, databaseUrl }: { readonly mongodbUri: string; readonly databaseUrl: string },
  ...flags: readonly string[]
): Pick<GatewayProcessOptions, 'args' | 'audience'> {
  const stores = ['--connect', '--mongodb-uri', mongodbUri, '--database-url', databaseUrl];
  return { args: [...stores, '--audience', SHARED.audience, '--issuer', SHARED.issuer, ...flags], audience: SHARED.audience };
}

const MAIN = join(import.meta.dirname, '../../src/main.ts');
const START_PATIENCE_MS = 90_000;
/** Characters. */
const LOG_KEPT = 100_000;
/** After which a line of the log has come through the pipe. */
const LOG_DELAY_MS = 200;

/** Starts a gateway and waits until it is ready. @throws Error with what it printed if it does not get there */
export async function startGatewayProcess(options: GatewayProcessOptions): Promise<GatewayProcess> {
  const { dataDir, args = [] } = options;
  const port = options.port ?? (await findFreePort());
  const url = `http://127.0.0.1:${port}/fhir/R4`;
  // Vitest sets BASE_URL for itself.
  const { BASE_URL: _, ...env } = process.env;
  const command = [MAIN, '--port', String(port), '--data-dir', dataDir, ...args];
  const child = spawn(process.execPath, command, { env, stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = once(child, 'exit');
  let printed = '';
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk: Buffer) => (printed = (printed + chunk).slice(-LOG_KEPT)));
  const logged = (text: string) =>
    printed
      .split('\n')
      .filter((line) => line.includes(text))
      .join('\n');
  await untilReady(child, port, () => printed);
  const issuer = await openLocalIssuer(dataDir);
  const token = await issuer.sign({
    audience: options.audience ?? url,
    scope:
      'system/*.cruds system/$shard.cruds system/$replica.cruds system/$reindex.cruds system/$expunge.cruds system/$de-identify.r system/AuditEvent.rs',
    subject: 'test',
    ttlSeconds: 3600,
  });

  return {
    pid: child.pid as number,
    url,
    async ask(method, path, body, headers = {}) {
      const response = await fetch(path === '' ? url : `${url}/${path}`, {
        method,
        headers: { Authorization: `Bearer ${token}`, ...(body !== undefined && { 'Content-Type': 'application/fhir+json' }), ...headers },
        ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      });
      const { status, headers: answered } = response;
      const text = await response.text();
      const json = text.startsWith('{') ? JSON.parse(text) : undefined;
      if (status !== 500) return { status, headers: answered, text, json };
      await sleep(LOG_DELAY_MS);
      return { status, headers: answered, text: `${text}\n${logged(answered.get('X-Request-Id') ?? text)}`, json };
    },
    logged,
    async end(signal) {
      const startedAt = performance.now();
      if (child.exitCode === null && child.signalCode === null) child.kill(signal);
      await ended;
      return performance.now() - startedAt;
    },
  };
}

async function untilReady(child: ChildProcess, port: number, printed: () => string): Promise<void> {
  for (const giveUpAt = performance.now() + START_PATIENCE_MS; performance.now() < giveUpAt; await sleep(50)) {
    if (child.exitCode !== null || child.signalCode !== null) throw new Error(`the gateway ended before it was ready:\n${printed()}`);
    const response = await fetch(`http://127.0.0.1:${port}/health/ready`).catch(() => undefined);
    await response?.body?.cancel();
    if (response?.ok) return;
  }
  child.kill('SIGKILL');
  throw new Error(`the gateway did not get ready:\n${printed()}`);
}

/** A gateway for all tests of the file, in a folder of its own. Call at its top level. */
export async function gatewayOfAFile(options: Omit<GatewayProcessOptions, 'dataDir'>): Promise<GatewayProcess> {
  const dataDir = await mkdtemp(join(tmpdir(), 'meridian-file-'));
  const gateway = await startGatewayProcess({ ...options, dataDir });
  afterAll(async () => {
    await gateway.end('SIGTERM');
    await rm(dataDir, { recursive: true, force: true, maxRetries: 5 });
  }, 60_000);
  return gateway;
}

/** Gateways and folders that are ended and removed after each test of the file. Call at its top level. */
export function gatewaysOfATest() {
  const running: GatewayProcess[] = [];
  const folders: string[] = [];

  async function freshFolder(): Promise<string> {
    const folder = await mkdtemp(join(tmpdir(), 'meridian-restart-'));
    folders.push(folder);
    return folder;
  }

  async function start(...options: Parameters<typeof startGatewayProcess>): Promise<GatewayProcess> {
    const gateway = await startGatewayProcess(...options);
    running.push(gateway);
    return gateway;
  }

  afterEach(async () => {
    await Promise.all(running.splice(0).map((gateway) => gateway.end('SIGTERM')));
    await Promise.all(folders.splice(0).map((folder) => rm(folder, { recursive: true, force: true, maxRetries: 5 })));
  }, 60_000);

  return { freshFolder, start };
}
