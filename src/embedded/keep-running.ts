/** A process that is started again when it ends without having been told to. */
import { setTimeout as sleep } from 'node:timers/promises';

interface Startable {
  readonly pid: number;
  readonly exited: Promise<void>;
  /** Resolves when it answers. */
  ready(): Promise<void>;
  stop(): Promise<void>;
}

export interface KeptProcess {
  /** Of the process as it runs now, or ran last. */
  readonly pid: number;
  /** Makes it fail, for a drill: dead, or alive and silent (`SIGSTOP`). It stays so until `release`. */
  hold(signal: 'SIGKILL' | 'SIGSTOP'): void;
  /** Lets it run again. Does nothing if it was not held. */
  release(): void;
  stop(): Promise<void>;
}

interface KeepOptions<Process extends Startable> {
  /** Starts one more, which need not answer yet: a member of a set that is being stopped may never do so. */
  readonly start: () => Promise<Process>;
  /** Told of every end that nobody asked for, and of giving up. */
  readonly log: (message: string) => void;
  readonly name: string;
  /** Before it is started again; milliseconds. */
  readonly pauseMs?: number;
}

/** What dies this often has a reason that a further start does not mend. */
const MOST_RESTARTS = 20;

/** Keeps `first` running. A replica set with one member fewer, or a shard that is down, comes back by itself. */
export function keepRunning<Process extends Startable>(first: Process, options: KeepOptions<Process>): KeptProcess {
  const { start, log, name, pauseMs = 500 } = options;
  let current = first;
  let isStopping = false;
  let held: 'SIGKILL' | 'SIGSTOP' | undefined;
  let released: () => void = () => undefined;
  let whenReleased: Promise<void> = Promise.resolve();
  const watching = watch();

  function release(): void {
    if (held === 'SIGSTOP') process.kill(current.pid, 'SIGCONT');
    held = undefined;
    released();
  }

  async function watch(): Promise<void> {
    for (let restarts = 0; restarts < MOST_RESTARTS; restarts++) {
      await current.exited;
      if (isStopping) return;
      log(held ? `${name} was made to fail` : `${name} ended unexpectedly: starting it again`);
      await whenReleased;
      await sleep(pauseMs);
      if (isStopping) return;
      try {
        current = await start();
        current.ready().catch((error: Error) => isStopping || log(`${name} does not answer: ${error.message}`));
      } catch (error) {
        log(`${name} did not start: ${(error as Error).message}`);
      }
    }
    log(`${name} keeps ending: giving it up`);
  }

  return {
    get pid() {
      return current.pid;
    },
    hold(signal) {
      if (held) return;
      held = signal;
      whenReleased = new Promise((resolve) => (released = resolve));
      process.kill(current.pid, signal);
    },
    release,
    stop: async () => {
      isStopping = true;
      release();
      await current.stop();
      // It may have been on its way up.
      await watching;
      await current.stop();
    },
  };
}
