/**
 * Batches what arrives together: the dearest thing in a request is the round trip to a store, not the work in it.
 *
 * Items that arrive while an earlier batch is in flight leave as one. With nothing in flight a lone caller leaves at the end
 * of the event loop's turn; where the last batch carried several, its callers are about to come back with their next
 * request, so the next batch waits for them, but no longer than `lingerMs`. A trip costs the stores the same for one item as for ten.
 */

/** One batch in flight, and 3 ms for the callers of the last one: figures in `docs/decisions/001`. */
export const BATCHING = { maxInFlight: 1, lingerMs: 3 } as const;

/**
 * What became of one item of a batch: its result, an error that is this caller's alone, or, for an item that must not hold
 * up the next batch, the promise of either.
 */
export type Outcome<Result> = { readonly ok: Result } | { readonly error: Error } | { readonly later: Promise<Result> };

interface BatcherOptions<Item, Result> {
  /** Carries a batch out. One outcome for each item, in order; a rejection fails the whole batch. */
  readonly run: (items: readonly Item[]) => Promise<readonly Outcome<Result>[]>;
  readonly maxItems: number;
  /** Bound on the sum of `sizeOf` in one batch; an item larger than that travels alone. */
  readonly maxBytes?: number;
  readonly sizeOf?: (item: Item) => number;
  /** Batches in flight at once. */
  readonly maxInFlight: number;
  /** How long a batch waits for the callers of the one before it; milliseconds, default 0. */
  readonly lingerMs?: number;
}

interface Waiting<Item, Result> {
  readonly item: Item;
  readonly resolve: (result: Result | PromiseLike<Result>) => void;
  readonly reject: (error: unknown) => void;
}

/** A function that gives each caller its own result while the work is done in batches. */
export function createBatcher<Item, Result>(options: BatcherOptions<Item, Result>): (item: Item) => Promise<Result> {
  const { run, maxItems, maxBytes = Number.POSITIVE_INFINITY, sizeOf = () => 0, maxInFlight, lingerMs = 0 } = options;
  let waiting: Waiting<Item, Result>[] = [];
  let inFlight = 0;
  /** How many callers there seem to be: those of the last batch, and those who waited when it came back. */
  let expected = 1;
  let scheduled = false;
  let lingering: NodeJS.Timeout | undefined;

  function takeBatch(): Waiting<Item, Result>[] {
    let bytes = 0;
    let count = 0;
    for (const { item } of waiting) {
      bytes += sizeOf(item);
      if (count === maxItems || (count > 0 && bytes > maxBytes)) break;
      count++;
    }
    const batch = waiting.slice(0, count);
    waiting = waiting.slice(count);
    return batch;
  }

  async function depart(batch: readonly Waiting<Item, Result>[]): Promise<void> {
    inFlight++;
    try {
      const outcomes = await run(batch.map(({ item }) => item));
      batch.forEach(({ resolve, reject }, index) => {
        const outcome = outcomes[index];
        if (outcome && 'ok' in outcome) resolve(outcome.ok);
        else if (outcome && 'later' in outcome) resolve(outcome.later);
        else reject(outcome?.error ?? new Error('a batch lost an item'));
      });
    } catch (error) {
      for (const { reject } of batch) reject(error);
    } finally {
      inFlight--;
      expected = batch.length + waiting.length;
      departOrLinger();
    }
  }

  function departWhilePossible(): void {
    clearTimeout(lingering);
    lingering = undefined;
    while (waiting.length > 0 && inFlight < maxInFlight) void depart(takeBatch());
  }

  function departOrLinger(): void {
    scheduled = false;
    if (waiting.length === 0 || inFlight >= maxInFlight) return;
    const isWorthWaiting = lingerMs > 0 && waiting.length < expected && waiting.length < maxItems;
    if (!isWorthWaiting) departWhilePossible();
    else lingering ??= setTimeout(departWhilePossible, lingerMs);
  }

  return (item) =>
    new Promise<Result>((resolve, reject) => {
      waiting.push({ item, resolve, reject });
      if (!scheduled && inFlight < maxInFlight) {
        scheduled = true;
        setImmediate(departOrLinger);
      }
    });
}

/** Nobody waits longer than this for an item that takes its time; milliseconds. */
const HELD_UP_MS = 25;

/** Settles with the answers, or after 25 ms: what is slow holds up no later batch. Never rejects. */
export async function settledSoon(answers: readonly Promise<unknown>[]): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, HELD_UP_MS);
  });
  await Promise.race([Promise.allSettled(answers), late]);
  clearTimeout(timer);
}
