import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { orAfter } from './or-after.ts';

test('work that ends in time gives its result, or its error', async () => {
  await expect(orAfter(1_000, Promise.resolve(1), () => 'late')).resolves.toBe(1);
  await expect(orAfter(1_000, Promise.reject(new Error('failed')), () => 'late')).rejects.toThrow('failed');
});

test('for work that takes longer something else is given or thrown', async () => {
  await expect(orAfter(5, sleep(200), () => 'late')).resolves.toBe('late');
  const refuse = () => {
    throw new Error('too late');
  };
  await expect(orAfter(5, sleep(200), refuse)).rejects.toThrow('too late');
});

test('nobody is troubled by work that fails later', async () => {
  const work = sleep(20).then(() => Promise.reject(new Error('later')));
  await expect(orAfter(5, work, () => 'late')).resolves.toBe('late');
  await sleep(40);
});
