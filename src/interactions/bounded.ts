/** Works on many items with a bound on how many at once, giving results in order. */

/** @param atOnce at least 1 */
export async function mapBounded<Item, Result>(
  items: readonly Item[],
  atOnce: number,
  work: (item: Item, index: number) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = new Array(items.length);
  let next = 0;
  const worker = async () => {
    while (next < items.length) {
      const index = next++;
      results[index] = await work(items[index] as Item, index);
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, worker));
  return results;
}

const CHUNK = 200;

/** Does `work` on each item, letting other requests in between after every 200. */
export async function forEachYielding<Item>(items: readonly Item[], work: (item: Item, index: number) => void): Promise<void> {
  for (let index = 0; index < items.length; index++) {
    if (index > 0 && index % CHUNK === 0) await nextTurn();
    work(items[index] as Item, index);
  }
}

/** Lets other requests in between. */
export const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
