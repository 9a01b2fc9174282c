import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createWorkUnderWay, type Work } from './work-under-way.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const rules = { now: () => Date.now(), tooLong: (ms: number) => new Error(`over ${ms} ms`), abandoned: () => new Error('gone') };

/** Work that ends when it is told to stop. */
const untilStopped = (work: Work) =>
  new Promise<string>((resolve) => work.signal().addEventListener('abort', () => resolve((work.stoppedBy as Error).message)));

test('work that takes longer than it was given is stopped, other work is not', async () => {
  const underWay = createWorkUnderWay(rules);
  const { promise, resolve } = Promise.withResolvers<string>();
  const slow = underWay.run(
    () => true,
    (work) => {
      work.endWithin(1000);
      return untilStopped(work);
    },
  );
  const unlimited = underWay.run(
    () => true,
    () => promise,
  );
  expect(underWay.count()).toBe(2);
  await vi.advanceTimersByTimeAsync(1300);
  expect(await slow).toBe('over 1000 ms');
  expect(underWay.stopped).toEqual({ tooLong: 1, abandoned: 0 });
  resolve('done');
  expect(await unlimited).toBe('done');
  expect(underWay.count()).toBe(0);
});

test('work whose client has gone is stopped', async () => {
  const underWay = createWorkUnderWay(rules);
  let isThere = true;
  const answer = underWay.run(() => isThere, untilStopped);
  await vi.advanceTimersByTimeAsync(500);
  isThere = false;
  await vi.advanceTimersByTimeAsync(300);
  expect(await answer).toBe('gone');
});

test('code finds the work that it runs for, also after an await, and none outside', async () => {
  const underWay = createWorkUnderWay(rules);
  const found = await underWay.run(
    () => true,
    async (work) => {
      await Promise.resolve();
      return underWay.current() === work;
    },
  );
  expect([found, underWay.current()]).toEqual([true, undefined]);
});

test('stopping all stops all; a signal asked for afterwards is aborted already', async () => {
  const underWay = createWorkUnderWay(rules);
  const answers = [1, 2].map(() => underWay.run(() => true, untilStopped));
  const late = underWay.run(
    () => true,
    async (work) => {
      await vi.advanceTimersByTimeAsync(0);
      return work.signal().aborted;
    },
  );
  underWay.stopAll(new Error('ending'));
  expect(await Promise.all([...answers, late])).toEqual(['ending', 'ending', true]);
});

test('no timer is left when nothing is under way', async () => {
  const underWay = createWorkUnderWay(rules);
  await underWay.run(
    () => true,
    async () => {},
  );
  await vi.advanceTimersByTimeAsync(600);
  expect(vi.getTimerCount()).toBe(0);
});
