/** A very small process that kills the engines when the process that started them is gone without stopping them. */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';

export interface Guardian {
  readonly pid: number;
  /** Kills `pid` with us, if `mark` still stands in its command line then (process ids are used again). */
  watch(pid: number, mark: string): void;
  /** Lets go without killing anything: the engines have stopped by themselves. */
  dismiss(): Promise<void>;
}

/**
 * Reads `pid mark` lines until its standard input ends, which happens when its parent dies, however it dies. SIGKILL and
 * not SIGTERM: a primary that shuts down politely takes seconds, and the journal makes this safe.
 */
const SCRIPT = `
trap '' INT TERM HUP
watched=''
while read -r pid mark; do
  [ "$pid" = dismiss ] && exit 0
  watched="$watched$pid $mark
"
done
printf %s "$watched" | while read -r pid mark; do
  tr '\\0' ' ' < "/proc/$pid/cmdline" 2> /dev/null | grep -qF -- "$mark" && kill -KILL "$pid"
done
`;

export function startGuardian(): Guardian {
  const devNull = openSync('/dev/null', 'w');
  const child: ChildProcess = spawn('/bin/sh', ['-c', SCRIPT], { detached: true, stdio: ['pipe', devNull, devNull] });
  closeSync(devNull);
  child.unref();
  const input = child.stdin;
  if (!input || child.pid === undefined) throw new Error('cannot start /bin/sh');
  input.on('error', () => {});
  (input as unknown as { unref(): void }).unref();
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  return {
    pid: child.pid,
    watch: (pid, mark) => void input.write(`${pid} ${mark}\n`),
    dismiss: async () => {
      child.ref();
      input.end('dismiss\n');
      await exited;
    },
  };
}
