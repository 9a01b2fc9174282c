import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { createTurns } from './turns.ts';

test('each piece of work begins when the one before has ended, and gives its own result', async () => {
  const turns = createTurns();
  const seen: string[] = [];
  const work = (name: string, ms: number) => async () => {
    seen.push(`${name} begins`);
    await sleep(ms);
    seen.push(`${name} ends`);
    return name;
  };
  const results = await Promise.all([turns.take(work('a', 20)), turns.take(work('b', 1)), turns.take(work('c', 1))]);
  expect(results).toEqual(['a', 'b', 'c']);
  expect(seen).toEqual(['a begins', 'a ends', 'b begins', 'b ends', 'c begins', 'c ends']);
});

test('a failure is its caller’s alone, and idle waits for everything', async () => {
  const turns = createTurns();
  let isDone = false;
  const failing = turns.take(() => Promise.reject(new Error('failed')));
  void turns.take(async () => {
    await sleep(10);
    isDone = true;
  });
  await expect(failing).rejects.toThrow('failed');
  await turns.idle();
  expect(isDone).toBe(true);
});
