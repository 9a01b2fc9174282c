/** Where the time of a request goes, for the `Server-Timing` header. @see https://www.w3.org/TR/server-timing/ */
import { AsyncLocalStorage } from 'node:async_hooks';

export interface RequestTiming {
  /** Runs a request; `told` gives the header's value so far: `total;dur=1.2, store;dur=0.8`, milliseconds. `traceparent`: the caller's header, for traces. */
  run<T>(work: (told: () => string) => Promise<T>, traceparent?: string): Promise<T>;
  /** Counts the time of `work` as the store's. Calls that overlap count once. `command` names it for traces. */
  inStore<T>(work: () => Promise<T>, command?: string): Promise<T>;
}

interface Clock {
  readonly startedAt: number;
  storeMs: number;
  /** Calls under way, and since when there are any. */
  calls: number;
  callsSince: number;
}

/** @param now milliseconds of a clock that never goes back */
export function createRequestTiming(now: () => number = () => performance.now()): RequestTiming {
  const clocks = new AsyncLocalStorage<Clock>();

  function begin(clock: Clock): void {
    if (clock.calls++ === 0) clock.callsSince = now();
  }

  function end(clock: Clock): void {
    if (--clock.calls === 0) clock.storeMs += now() - clock.callsSince;
  }

  function told(clock: Clock): string {
    const underWay = clock.calls > 0 ? now() - clock.callsSince : 0;
    return `total;dur=${rounded(now() - clock.startedAt)}, store;dur=${rounded(clock.storeMs + underWay)}`;
  }

  return {
    run: (work) => {
      const clock: Clock = { startedAt: now(), storeMs: 0, calls: 0, callsSince: 0 };
      return clocks.run(clock, work, () => told(clock));
    },
    inStore: async (work) => {
      const clock = clocks.getStore();
      if (!clock) return work();
      begin(clock);
      try {
        return await work();
      } finally {
        end(clock);
      }
    },
  };
}

const rounded = (ms: number) => Math.round(ms * 100) / 100;
