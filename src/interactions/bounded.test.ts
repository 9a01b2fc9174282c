import { expect, test } from 'vitest';
import { forEachYielding, mapBounded } from './bounded.ts';

const later = () => new Promise((resolve) => setImmediate(resolve));

test('keeps order and bound', async () => {
  let running = 0;
  let most = 0;
  const results = await mapBounded([1, 2, 3, 4, 5, 6, 7], 3, async (item) => {
    most = Math.max(most, ++running);
    await later();
    running--;
    return item * 2;
  });
  expect(results).toEqual([2, 4, 6, 8, 10, 12, 14]);
  expect(most).toBe(3);
});

test('an empty list needs no work', async () => {
  expect(await mapBounded([], 3, () => Promise.reject(new Error('called')))).toEqual([]);
});

test('rejects when one item does', async () => {
  await expect(mapBounded([1, 2], 2, async (item) => Promise.reject(new Error(`no ${item}`)))).rejects.toThrow('no 1');
});

test('lets others in between', async () => {
  let seen = 0;
  let between = 0;
  setImmediate(() => {
    between = seen;
  });
  await forEachYielding(
    Array.from({ length: 450 }, (_, index) => index),
    () => seen++,
  );
  expect(seen).toBe(450);
  expect(between).toBe(200);
});
