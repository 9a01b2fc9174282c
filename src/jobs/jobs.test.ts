import { describe, expect, test } from 'vitest';
import { createJobs } from './jobs.ts';

function jobs(remember = 5) {
  let n = 0;
  return createJobs<string>({ newId: () => `job-${++n}`, remember, log: () => undefined });
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

describe('jobs', () => {
  test('tell their progress and, at the end, their result', async () => {
    const board = jobs();
    let finish = (_: string) => {};
    const started = board.start('c', (control) => {
      control.progress(40);
      return new Promise((resolve) => (finish = resolve));
    });
    expect(board.find(started?.id ?? '', 'c')).toMatchObject({ state: 'running', percent: 40 });
    finish('done');
    await turn();
    expect(board.find(started?.id ?? '', 'c')).toMatchObject({ state: 'completed', percent: 100, result: 'done' });
  });

  test('run one at a time', async () => {
    const board = jobs();
    expect(board.start('c', () => new Promise(() => undefined))).toBeDefined();
    expect(board.start('c', async () => 'second')).toBeUndefined();
  });

  test('are nobody else’s business', () => {
    const board = jobs();
    const started = board.start('c', async () => 'x');
    expect(board.find(started?.id ?? '', 'd')).toBeUndefined();
    expect(board.cancel(started?.id ?? '', 'd')).toBe(false);
  });

  test('end cancelled when asked to, whatever their work says later', async () => {
    const board = jobs();
    const started = board.start('c', async (control) => {
      while (!control.isCancelled()) await turn();
      return 'too late';
    });
    expect(board.cancel(started?.id ?? '', 'c')).toBe(true);
    await board.close();
    expect(board.find(started?.id ?? '', 'c')).toMatchObject({ state: 'cancelled' });
    expect(board.find(started?.id ?? '', 'c')?.result).toBeUndefined();
  });

  test('say why they failed', async () => {
    const board = jobs();
    const started = board.start('c', () => Promise.reject(new Error('no disk')));
    await turn();
    expect(board.find(started?.id ?? '', 'c')).toMatchObject({ state: 'failed', problem: 'no disk' });
  });

  test('are forgotten when many have ended since', async () => {
    const board = jobs(1);
    const first = board.start('c', async () => '1');
    await turn();
    board.start('c', async () => '2');
    await turn();
    board.start('c', async () => '3');
    expect(board.find(first?.id ?? '', 'c')).toBeUndefined();
  });
});
