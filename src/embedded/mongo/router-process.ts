/** The process in front of the shards: a real `mongos` when there is one, else our own router. */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { expectProcess } from './expect-process.ts';
import { nodeBinary } from './node-binary.ts';

interface RouterOptions {
  readonly mongos?: string | undefined;
  readonly port: number;
  readonly configAddress: string;
  /** By which the router tells the cluster's members from those of others. */
  readonly clusterId: string;
  /** Where its log goes. */
  readonly dataDir: string;
}

interface RouterProcess {
  readonly pid: number;
  /** Stands in its command line. */
  readonly mark: string;
  ready(): Promise<void>;
  stop(): Promise<void>;
  readonly exited: Promise<void>;
}

const START_PATIENCE_MS = 30_000;
const STOP_PATIENCE_MS = 2_000;

export function startRouter(options: RouterOptions): RouterProcess {
  const log = openSync(`${options.dataDir}/router.log`, 'a');
  const [command, args] = commandOf(options);
  // Our router ends with its standard input; a `mongos` ignores that, and the guardian ends it.
  const child = spawn(command, args, { detached: true, stdio: ['pipe', log, log] });
  closeSync(log);
  child.stdin?.on('error', () => {});
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  child.once('error', () => {});
  return {
    pid: child.pid ?? 0,
    mark: `--port ${options.port}`,
    exited,
    ready: () => waitUntilItAnswers(child, options),
    stop: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), STOP_PATIENCE_MS);
      await exited;
      clearTimeout(timer);
    },
  };
}

function commandOf({ mongos, port, configAddress, clusterId, dataDir }: RouterOptions): [string, string[]] {
  const config = `config/${configAddress}`;
  if (mongos) {
    const files = ['--logpath', `${dataDir}/mongos.log`, '--logappend', '--nounixsocket'];
    return [mongos, ['--configdb', config, '--port', String(port), '--bind_ip', '127.0.0.1', ...files]];
  }
  const main = fileURLToPath(new URL('../router/main.ts', import.meta.url));
  return [nodeBinary(), ['--max-semi-space-size=32', main, '--port', String(port), '--config', configAddress, '--cluster-id', clusterId]];
}

async function waitUntilItAnswers(child: ChildProcess, { port, dataDir }: RouterOptions): Promise<void> {
  for (let waitedMs = 0; waitedMs < START_PATIENCE_MS; waitedMs += 30) {
    if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) {
      throw new Error(`the router did not start: ${endOfLog(dataDir)}`);
    }
    try {
      await expectProcess(`127.0.0.1:${port}`, child.pid);
      return;
    } catch {
      await sleep(30);
    }
  }
  throw new Error(`the router did not answer within ${START_PATIENCE_MS / 1000} s: ${endOfLog(dataDir)}`);
}

function endOfLog(dataDir: string): string {
  const lines = readFileSync(`${dataDir}/router.log`, 'utf8').trimEnd().split('\n');
  return lines.slice(-6).join(' ').slice(-600) || 'it left no log';
}
