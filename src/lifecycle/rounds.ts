/** Work that is done again and again with a rest between, such as looking for what others have changed. */

interface RoundsOptions {
  /** The rest after a round; milliseconds. */
  readonly everyMs: number;
  /** The rest before the first one; milliseconds, default none. */
  readonly firstAfterMs?: number;
  /** Told of a round that failed; the next one comes all the same. */
  readonly problem: (error: unknown) => void;
}

export interface Rounds {
  /** No further round begins. Resolves when the one under way has ended. */
  stop(): Promise<void>;
}

/** Starts the rounds. They keep no process alive. */
export function startRounds(round: () => Promise<unknown>, { everyMs, firstAfterMs, problem }: RoundsOptions): Rounds {
  let isStopped = false;
  let timer: NodeJS.Timeout | undefined;
  let underWay: Promise<void> = Promise.resolve();

  const go = async () => {
    await round().catch(problem);
    restFor(everyMs);
  };
  const begin = () => {
    underWay = go();
  };
  function restFor(ms: number): void {
    if (!isStopped) timer = setTimeout(begin, ms).unref();
  }

  if (firstAfterMs === undefined) begin();
  else restFor(firstAfterMs);
  return {
    async stop() {
      isStopped = true;
      clearTimeout(timer);
      await underWay;
    },
  };
}
