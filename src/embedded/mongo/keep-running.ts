/** A process that is started again when it ends without having been told to. */
import { setTimeout as sleep } from 'node:timers/promises';

export interface Startable {
  readonly pid: number;
  readonly exited: Promise<void>;
  stop(): Promise<void>;
}

export interface KeptProcess {
  /** Of the process as it runs now, or ran last. */
  readonly pid: number;
  stop(): Promise<void>;
}

export interface KeepOptions<Process extends Startable> {
  /** Starts one more; resolves when it answers. */
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
  const watching = watch();

  async function watch(): Promise<void> {
    for (let restarts = 0; restarts < MOST_RESTARTS; restarts++) {
      await current.exited;
      if (isStopping) return;
      log(`${name} ended unexpectedly: starting it again`);
      await sleep(pauseMs);
      if (isStopping) return;
      try {
        current = await start();
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
    stop: async () => {
      isStopping = true;
      await current.stop();
      // It may have been on its way up.
      await watching;
      await current.stop();
    },
  };
}
