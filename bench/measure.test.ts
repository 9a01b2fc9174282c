import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { measure, median, runLoop } from './measure.ts';

describe('runLoop', () => {
  test('counts every unit of every client', async () => {
    let done = 0;
    const operation = async () => {
      await sleep(1);
      done += 3;
      return 3;
    };
    const timing = await runLoop({ operation, concurrency: 8, seconds: 0.1 });
    expect(timing.units).toBe(done);
    expect(timing.requests).toBe(done / 3);
    expect(timing.p50Ms).toBeGreaterThanOrEqual(0.9);
    expect(timing.p99Ms).toBeGreaterThanOrEqual(timing.p50Ms);
  });

  test('never has more under way than clients', async () => {
    let underWay = 0;
    let most = 0;
    const operation = async () => {
      most = Math.max(most, ++underWay);
      await sleep(1);
      underWay--;
      return 1;
    };
    await runLoop({ operation, concurrency: 5, seconds: 0.05 });
    expect(most).toBe(5);
  });

  test('wrong answers are counted, the first is told, and twenty end it', async () => {
    let calls = 0;
    const operation = async () => {
      calls++;
      throw new Error(`wrong ${calls}`);
    };
    const timing = await runLoop({ operation, concurrency: 1, seconds: 5 });
    expect([timing.errors, timing.units, timing.firstError]).toEqual([20, 0, 'wrong 1']);
    expect(timing.seconds).toBeLessThan(4);
  });

  test('sees that it was not let run', async () => {
    const blocked = () => {
      const end = performance.now() + 300;
      while (performance.now() < end);
      return Promise.resolve(1);
    };
    expect((await runLoop({ operation: blocked, concurrency: 1, seconds: 0.1 })).stallMs).toBeGreaterThan(200);
    const { stallMs } = await runLoop({ operation: () => sleep(5).then(() => 1), concurrency: 1, seconds: 0.2 });
    expect(stallMs).toBeLessThan(200);
  });

  test('ends when what there is to send is used up', async () => {
    let left = 7;
    const timing = await runLoop({ operation: async () => left--, concurrency: 1, seconds: 5, isOver: () => left === 0 });
    expect(timing.requests).toBe(7);
  });
});

test('measure divides the CPU of the process by units', async () => {
  const burn = async () => {
    const end = process.cpuUsage().user + 60_000;
    while (process.cpuUsage().user < end);
    return 1;
  };
  const measured = await measure(() => runLoop({ operation: burn, concurrency: 1, seconds: 0.3 }), [process.pid]);
  expect(measured.cpuMs.gateway).toBeGreaterThan(40);
  expect(measured.cpuTotalMs).toBeGreaterThanOrEqual(measured.cpuMs.gateway);
  expect(measured.rssEndMb).toBeGreaterThan(20);
});

test('median', () => expect([median([3, 1, 2]), median([4, 1, 2, 3]), median([5])]).toEqual([2, 2.5, 5]));
