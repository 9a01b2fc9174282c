import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';

const FORWARDED = ['SIGINT', 'SIGTERM', 'SIGHUP'];
const PARENT_CHECK_MS = 500;

/**
 * Runs the project's Node with our standard streams until it ends. Signals are passed on; the child decides what they mean.
 * @returns its exit code; 128 + n when signal n ended it
 */
export function runChild(node, argv, { cwd, env, quiet = false }) {
  return new Promise((resolve, reject) => {
    const child = spawn(node, argv, {
      cwd,
      env: { ...process.env, ...env, MERIDIAN_PARENT_PID: String(process.pid) },
      stdio: quiet ? ['ignore', 'pipe', 'pipe'] : 'inherit',
    });
    const output = [];
    child.stdout?.on('data', (chunk) => output.push(chunk));
    child.stderr?.on('data', (chunk) => output.push(chunk));
    const forward = (signal) => child.kill(signal);
    for (const signal of FORWARDED) process.on(signal, forward);
    const orphaned = whenNpmIsGone(() => child.kill('SIGTERM'));
    child.once('error', reject);
    child.once('close', (code, signal) => {
      clearInterval(orphaned);
      for (const name of FORWARDED) process.off(name, forward);
      const exitCode = code ?? 128 + (SIGNAL_NUMBERS[signal] ?? 0);
      if (quiet && exitCode !== 0) process.stderr.write(Buffer.concat(output));
      resolve(exitCode);
    });
  });
}

const SIGNAL_NUMBERS = { SIGHUP: 1, SIGINT: 2, SIGKILL: 9, SIGTERM: 15 };

/** When npm is killed outright no signal comes, but our parent changes: or the parent of the shell that npm ran us in. */
function whenNpmIsGone(stop) {
  if (!process.env.npm_lifecycle_event) return undefined;
  const born = lineage();
  const timer = setInterval(() => {
    if (lineage() === born) return;
    clearInterval(timer);
    stop();
  }, PARENT_CHECK_MS);
  timer.unref();
  return timer;
}

/** Our parent, and its parent if ours is only `sh -c "node scripts/bootstrap.mjs …"`. */
function lineage() {
  const parent = process.ppid;
  try {
    const isShell = readFileSync(`/proc/${parent}/cmdline`, 'latin1').includes('bootstrap.mjs');
    const stat = readFileSync(`/proc/${parent}/stat`, 'latin1');
    // Fields are counted after the name, which may itself hold spaces and brackets.
    return isShell ? `${parent} ${stat.slice(stat.lastIndexOf(')') + 4).split(' ')[0]}` : `${parent}`;
  } catch {
    return `${parent}`;
  }
}
