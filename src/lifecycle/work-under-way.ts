/**
 * Requests under way: each may be stopped because its time is over, because its client has gone, or because the process ends.
 *
 * Nothing is set up for a request beyond one entry in a set: a single timer looks at all of them four times a second, and an
 * `AbortSignal` is made only for work that can be cancelled.
 */
import { AsyncLocalStorage } from 'node:async_hooks';

/** How late, at most, a request notices that it should stop; milliseconds. */
const LOOK_EVERY_MS = 250;

export interface Work {
  /** Why it is to stop; undefined while it may go on. */
  readonly stoppedBy: Error | undefined;
  /** Lets it go on for so long, counted from now. */
  endWithin(ms: number): void;
  /** Aborted, with the reason, when the work is to stop. */
  signal(): AbortSignal;
}

interface WorkRules {
  /** Milliseconds of a clock that never goes back. */
  readonly now?: () => number;
  /** What work that took too long ends with; `afterMs` is what it was given. */
  readonly tooLong: (afterMs: number) => Error;
  /** What work ends with that nobody waits for any more. */
  readonly abandoned: () => Error;
}

export interface WorkUnderWay {
  /** Runs a request. `isWanted` is false once nobody waits for the answer. */
  run<T>(isWanted: () => boolean, work: (work: Work) => Promise<T>): Promise<T>;
  /** The request that this code runs for, if it does. */
  current(): Work | undefined;
  /** How many there are. */
  count(): number;
  /** How many were stopped so far. */
  readonly stopped: { tooLong: number; abandoned: number };
  /** Stops everything that is under way now. */
  stopAll(reason: Error): void;
}

export function createWorkUnderWay(rules: WorkRules): WorkUnderWay {
  const { now = () => performance.now(), tooLong, abandoned } = rules;
  const context = new AsyncLocalStorage<StoppableWork>();
  const underWay = new Set<StoppableWork>();
  const stopped = { tooLong: 0, abandoned: 0 };
  let looking: NodeJS.Timeout | undefined;

  function look(): void {
    const at = now();
    for (const work of underWay) {
      if (work.stoppedBy) continue;
      if (work.endAt <= at) {
        stopped.tooLong++;
        work.stop(tooLong(work.givenMs));
      } else if (!work.isWanted()) {
        stopped.abandoned++;
        work.stop(abandoned());
      }
    }
    looking = underWay.size > 0 ? setTimeout(look, LOOK_EVERY_MS).unref() : undefined;
  }

  return {
    run: async (isWanted, begin) => {
      const work = new StoppableWork(isWanted, now);
      underWay.add(work);
      if (!looking) looking = setTimeout(look, LOOK_EVERY_MS).unref();
      try {
        return await context.run(work, begin, work);
      } finally {
        underWay.delete(work);
      }
    },
    current: () => context.getStore(),
    count: () => underWay.size,
    stopped,
    stopAll: (reason) => {
      for (const work of underWay) work.stop(reason);
    },
  };
}

class StoppableWork implements Work {
  readonly isWanted: () => boolean;
  stoppedBy: Error | undefined;
  endAt = Number.POSITIVE_INFINITY;
  givenMs = 0;
  readonly #now: () => number;
  #controller: AbortController | undefined;

  constructor(isWanted: () => boolean, now: () => number) {
    this.isWanted = isWanted;
    this.#now = now;
  }

  endWithin(ms: number): void {
    this.givenMs = ms;
    this.endAt = this.#now() + ms;
  }

  signal(): AbortSignal {
    this.#controller ??= new AbortController();
    if (this.stoppedBy) this.#controller.abort(this.stoppedBy);
    return this.#controller.signal;
  }

  stop(reason: Error): void {
    if (this.stoppedBy) return;
    this.stoppedBy = reason;
    this.#controller?.abort(reason);
  }
}
