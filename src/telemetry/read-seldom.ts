/** For what takes a while to find out and is asked for often. */

interface SeldomOptions {
  /** An answer is good for so long; milliseconds. */
  readonly goodForMs: number;
  /** How long a newer answer is waited for before the last one is given again. */
  readonly waitMs: number;
  readonly now?: () => number;
}

/** A reader that asks `read` at most once at a time. Gives undefined while there is no answer yet, or the last one failed. */
export function readSeldom<T>(read: () => Promise<T>, options: SeldomOptions): () => Promise<T | undefined> {
  const { goodForMs, waitMs, now = () => performance.now() } = options;
  let last: T | undefined;
  let readAt = Number.NEGATIVE_INFINITY;
  let reading: Promise<void> | undefined;

  async function refresh(): Promise<void> {
    try {
      last = await read();
    } catch {
      // What can't be told is told by its absence.
      last = undefined;
    } finally {
      readAt = now();
      reading = undefined;
    }
  }

  return async () => {
    if (now() - readAt < goodForMs) return last;
    reading ??= refresh();
    const { promise: tooLong, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, waitMs);
    await Promise.race([reading, tooLong]);
    clearTimeout(timer);
    return last;
  };
}
