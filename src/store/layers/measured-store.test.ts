import { expect, test } from 'vitest';
import { createMemoryStore } from '../memory/memory-store.ts';
import { createMeasuredStore } from './measured-store.ts';

test('calls reach the store with all that they say', async () => {
  const counts: unknown[] = [];
  const store = { ...createMemoryStore(), count: async (...asked: unknown[]) => counts.push(asked[1]) };
  const told: unknown[] = [];
  const measured = createMeasuredStore(store, (operation, _seconds, isFailure) => told.push([operation, isFailure]));
  const search = { types: ['Patient'], where: { kind: 'everything' } } as const;
  await measured.count(search, true);
  await measured.count(search);
  expect(counts).toEqual([true, undefined]);
  expect(told).toEqual([
    ['count', false],
    ['count', false],
  ]);
});
