import { describe, expect, test } from 'vitest';
import { createBatcher, type Outcome } from './batcher.ts';

const later = () => new Promise((resolve) => setTimeout(resolve, 5));

function recording(maxInFlight = 1, maxItems = 100, lingerMs = 0) {
  const batches: number[][] = [];
  const ask = createBatcher<number, number>({
    maxInFlight,
    maxItems,
    lingerMs,
    maxBytes: 50,
    sizeOf: (item) => (item > 1000 ? 60 : 1),
    run: async (items) => {
      batches.push([...items]);
      await later();
      return items.map((item): Outcome<number> => (item < 0 ? { error: new Error(`no ${item}`) } : { ok: item * 2 }));
    },
  });
  return { ask, batches };
}

describe('a batcher', () => {
  test('gives each caller its own result', async () => {
    const { ask } = recording();
    expect(await Promise.all([1, 2, 3].map(ask))).toEqual([2, 4, 6]);
  });

  test('does not wait for an item whose outcome comes later', async () => {
    const answers = new Map<number, (result: number) => void>();
    const ask = createBatcher<number, number>({
      maxInFlight: 1,
      maxItems: 10,
      run: async (items) =>
        items.map((item): Outcome<number> => (item < 10 ? { ok: item } : { later: new Promise((resolve) => answers.set(item, resolve)) })),
    });
    const slow = ask(10);
    expect(await ask(1)).toBe(1);
    expect(await ask(2)).toBe(2);
    answers.get(10)?.(100);
    expect(await slow).toBe(100);
  });

  test('sends what arrives during a trip as one', async () => {
    const { ask, batches } = recording();
    const first = ask(1);
    await new Promise((resolve) => setImmediate(resolve));
    await Promise.all([first, ask(2), ask(3)]);
    expect(batches).toEqual([[1], [2, 3]]);
  });

  test('fails an entry alone', async () => {
    const { ask } = recording();
    const [good, bad] = await Promise.allSettled([ask(1), ask(-1)]);
    expect(good).toEqual({ status: 'fulfilled', value: 2 });
    expect(bad).toMatchObject({ status: 'rejected', reason: { message: 'no -1' } });
  });

  test('keeps to its bounds of items and bytes', async () => {
    const { ask, batches } = recording(1, 2);
    await Promise.all([1, 2, 3, 2000, 4].map(ask));
    expect(batches).toEqual([[1, 2], [3], [2000], [4]]);
  });

  test('waits a moment for the callers of the batch before', async () => {
    const { ask, batches } = recording(1, 100, 20);
    await Promise.all([1, 2, 3].map(ask));
    const first = ask(4);
    await later();
    await Promise.all([first, ask(5), ask(6)]);
    expect(batches).toEqual([
      [1, 2, 3],
      [4, 5, 6],
    ]);
  });

  test('callers who travel in two groups by turns come together', async () => {
    const { ask, batches } = recording(1, 100, 20);
    const comeAndGo = async (caller: number) => {
      for (let trip = 0; trip < 3; trip++) await ask(caller);
    };
    const first = [1, 2].map(comeAndGo);
    await new Promise((resolve) => setImmediate(resolve));
    await Promise.all([...first, ...[3, 4].map(comeAndGo)]);
    expect(batches.map((batch) => batch.length)).toEqual([2, 4, 4, 2]);
  });

  test('waits no longer than it may, and then expects fewer', async () => {
    const { ask, batches } = recording(1, 100, 20);
    await Promise.all([1, 2, 3].map(ask));
    const startedAt = performance.now();
    await ask(4);
    expect(performance.now() - startedAt).toBeGreaterThan(19);
    const again = performance.now();
    await ask(5);
    expect(performance.now() - again).toBeLessThan(19);
    expect(batches).toEqual([[1, 2, 3], [4], [5]]);
  });

  test('tells every caller of a trip that failed', async () => {
    const ask = createBatcher<number, number>({ maxItems: 9, maxInFlight: 1, run: () => Promise.reject(new Error('down')) });
    const results = await Promise.allSettled([ask(1), ask(2)]);
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  });
});
