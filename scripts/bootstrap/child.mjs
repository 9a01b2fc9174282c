import { spawn } from 'node:child_process';

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

/** npm runs a script through a shell: when npm or that shell is killed, no signal comes, but our parent changes. */
function whenNpmIsGone(stop) {
  if (!process.env.npm_lifecycle_event) return undefined;
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    stop();
  }, PARENT_CHECK_MS);
  timer.unref();
  return timer;
}
