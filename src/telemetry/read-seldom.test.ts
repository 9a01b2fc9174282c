import { expect, test } from 'vitest';
import { readSeldom } from './read-seldom.ts';

test('asks once for as long as the answer is good, and once at a time', async () => {
  let [asked, at] = [0, 0];
  const read = readSeldom(async () => ++asked, { goodForMs: 1000, waitMs: 1000, now: () => at });
  expect(await Promise.all([read(), read(), read()])).toEqual([1, 1, 1]);
  at = 999;
  expect(await read()).toBe(1);
  at = 1000;
  expect(await read()).toBe(2);
});

test('gives the last answer while the next one is long in coming, and none after a failure', async () => {
  let at = 0;
  let answer: Promise<string> = Promise.resolve('first');
  const read = readSeldom(() => answer, { goodForMs: 10, waitMs: 20, now: () => at });
  expect(await read()).toBe('first');
  at = 10;
  const { promise, reject } = Promise.withResolvers<string>();
  answer = promise;
  expect(await read()).toBe('first');
  reject(new Error('down'));
  expect(await read()).toBeUndefined();
});
