/** The whole product as a user starts it: a process with flags, a ready line, and a tree of descendants. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { OPTIONS } from '../../src/config/options.ts';

const root = join(import.meta.dirname, '../..');

export interface GatewayProcess {
  readonly child: ChildProcess;
  /** What it wrote so far, standard output and error in one. */
  output(): string;
  /** Resolves with the first line of the output that holds `text`. @throws with the output if the process ends before */
  line(text: string): Promise<string>;
  /** Resolves with the exit code, or the signal's name. */
  ended(): Promise<number | string>;
}

/** Without the settings that the test's own environment holds: Vite alone sets a `BASE_URL`. */
function environment(): NodeJS.ProcessEnv {
  const settings = new Set<string>(Object.values(OPTIONS).map(({ env }) => env));
  settings.delete(OPTIONS.mongodBinary.env);
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !settings.has(name)));
}

/** Runs `src/main.ts`, or a script that leads to it. */
export function startGateway(args: readonly string[], script = 'src/main.ts', variables: NodeJS.ProcessEnv = {}): GatewayProcess {
  const env = { ...environment(), ...variables };
  const child = spawn(process.execPath, [script, ...args], { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      output += chunk;
    });
  }
  const exit = once(child, 'close').then(([code, signal]) => (code ?? signal) as number | string);
  return {
    child,
    output: () => output,
    ended: () => exit,
    line: async (text) => {
      for (;;) {
        const found = output.split('\n').find((line, index, all) => line.includes(text) && index < all.length - 1);
        if (found !== undefined) return found;
        if (child.exitCode !== null || child.signalCode !== null) throw new Error(`ended with ${await exit}: ${output}`);
        await sleep(50);
      }
    },
  };
}

/** Ids of the living processes whose command line holds `text`. */
export function processesWith(text: string): number[] {
  return globSync('/proc/[0-9]*/cmdline')
    .map((path) => ({ pid: Number(path.split('/')[2]), commandLine: readOr(path) }))
    .filter(({ pid, commandLine }) => pid !== process.pid && commandLine.includes(text))
    .map(({ pid }) => pid);
}

/** Ids of all descendants of a process. */
export function descendantsOf(pid: number): number[] {
  const children = globSync(`/proc/${pid}/task/*/children`).flatMap((path) => readOr(path).split(' ').filter(Boolean).map(Number));
  return children.flatMap((child) => [child, ...descendantsOf(child)]);
}

function readOr(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
