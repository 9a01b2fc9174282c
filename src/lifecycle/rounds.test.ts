import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { startRounds } from './rounds.ts';

test('rounds go on after one that failed, and rest between', async () => {
  const problems: unknown[] = [];
  let begun = 0;
  const rounds = startRounds(
    async () => {
      if (++begun === 1) throw new Error('the first');
    },
    { everyMs: 10, problem: (error) => problems.push(error) },
  );
  while (begun < 3) await sleep(5);
  await rounds.stop();
  expect(problems).toEqual([new Error('the first')]);
});

test('stopping waits for the round under way, and no other one begins', async () => {
  let begun = 0;
  let ended = 0;
  const round = async () => {
    begun++;
    await sleep(30);
    ended++;
  };
  const rounds = startRounds(round, { everyMs: 1, problem: () => {} });
  await rounds.stop();
  expect(ended).toBe(1);
  await sleep(50);
  expect(begun).toBe(1);
});

test('the first round can wait', async () => {
  let begun = 0;
  const round = async () => {
    begun++;
  };
  const rounds = startRounds(round, { everyMs: 10_000, firstAfterMs: 20, problem: () => {} });
  expect(begun).toBe(0);
  while (begun === 0) await sleep(5);
  await rounds.stop();
});
