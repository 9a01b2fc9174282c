import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import type { PlanExtract, ScratchArena, ScratchGround, TotalCache } from '../../store/benchmark/scratch.ts';
import { compareLayouts } from './compare-layouts.ts';
import { timeSavedPercent, verdictOf } from './report.ts';

const EXTRACT: PlanExtract = { places: ['a'], placesInAll: 1, examined: 1, returned: 1, steps: [] };

/** A ground whose layouts take so many milliseconds a query. */
function groundOf(times: Readonly<Record<string, number>>) {
  const asked: string[] = [];
  let drops = 0;
  const [baseline, ...layouts] = Object.entries(times).map(
    ([layout, ms]): ScratchArena => ({
      layout,
      load: async () => undefined,
      run: async () => {
        asked.push(layout);
        await sleep(ms);
        return 1;
      },
      explain: async () => EXTRACT,
      size: async () => ({ bytes: 1, largestShareBytes: 1 }),
    }),
  );
  const ground: ScratchGround = {
    engine: 'Sleep',
    queries: ['one', 'other'],
    baseline: baseline as ScratchArena,
    layouts,
    engineCpuMs: async () => undefined,
    cpuSource: 'nowhere',
    cache: async () => ({ bytesPerMember: 100, members: 1, baselineMembers: 1 }),
    drop: async () => {
      drops++;
    },
  };
  return { ground, asked, drops: () => drops };
}

/** The same with caches by member; tells every query with the cache that its member had. */
function groundWithCaches(times: Readonly<Record<string, number>>, problem?: string) {
  const { ground, drops } = groundOf(times);
  const asked: string[] = [];
  let isEnlarged = false;
  const totalCache: TotalCache = {
    enlarge: async () => {
      isEnlarged = problem === undefined;
      return problem;
    },
    restore: async () => {
      isEnlarged = false;
    },
  };
  const told = (arena: ScratchArena): ScratchArena => ({
    ...arena,
    run: (query, n) => {
      asked.push(`${arena.layout} ${isEnlarged ? 'total' : 'own'}`);
      return arena.run(query, n);
    },
  });
  const cache = async () => ({ bytesPerMember: 100 * 2 ** 20, members: 2, baselineMembers: 1 });
  const withCaches: ScratchGround = { ...ground, baseline: told(ground.baseline), layouts: ground.layouts.map(told), totalCache, cache };
  return { ground: withCaches, asked, drops, isEnlarged: () => isEnlarged };
}

const ORDER = { suite: 'layouts', records: 100, concurrency: [2], queriesPerRound: 4, rounds: 5, ranges: [], seconds: 20 } as const;
const paceFor = (ms: number, isCancelled = () => false) => ({
  control: { id: 'x', progress: () => undefined, isCancelled },
  endsAt: performance.now() + ms,
  progress: () => undefined,
});

describe('comparing layouts', () => {
  test('tells a layout that takes a quarter of the time from one that takes as long', async () => {
    const { ground, asked, drops } = groundOf({ slow: 20, quick: 5, same: 20 });
    const report = await compareLayouts(ground, ORDER, paceFor(60_000));
    const [quick, same] = report.overall;
    expect(quick).toMatchObject({ layout: 'quick', against: 'slow', rounds: 5 });
    expect(quick?.low).toBeGreaterThan(1.5);
    expect(quick && verdictOf(quick)).toBe('faster');
    expect(same?.estimate).toBeCloseTo(1, 0);
    expect(report.figures).toHaveLength(6);
    // Five rounds and one to warm up, in turns.
    expect(asked.filter((layout) => layout === 'quick')).toHaveLength(2 * 4 * 6);
    expect(asked.slice(0, 12)).toEqual(['slow', 'quick', 'same'].flatMap((layout) => Array(4).fill(layout)));
    expect(drops()).toBe(1);
  });

  test('ends in time with fewer queries, each asked at least once in every round', async () => {
    const { ground } = groundOf({ slow: 20, quick: 5 });
    const startedAt = performance.now();
    const report = await compareLayouts(ground, { ...ORDER, queriesPerRound: 2_000 }, paceFor(4_000));
    expect(performance.now() - startedAt).toBeLessThan(4_000);
    expect(report.ratios.map(({ rounds }) => rounds)).toEqual([5, 5]);
  });

  test('is cleaned up after a failure and after a cancellation', async () => {
    const failing = groundOf({ slow: 1, quick: 1 });
    const broken = { ...failing.ground, engineCpuMs: () => Promise.reject(new Error('gone')) };
    await expect(compareLayouts(broken, ORDER, paceFor(10_000))).rejects.toThrow('gone');
    expect(failing.drops()).toBe(1);
    const cancelled = groundOf({ slow: 1, quick: 1 });
    await compareLayouts(
      cancelled.ground,
      ORDER,
      paceFor(10_000, () => true),
    );
    expect([cancelled.asked, cancelled.drops()]).toEqual([[], 1]);
  });

  test('is done with equal cache by member and with equal cache in total, in every round and in turns', async () => {
    const { ground, asked, isEnlarged } = groundWithCaches({ one: 8, two: 4 });
    const report = await compareLayouts(ground, ORDER, paceFor(60_000));
    expect(report.overall.map(({ against, cache, rounds }) => [against, cache, rounds])).toEqual([
      ['one', 'equal by member', 5],
      ['one, total cache', 'equal in total', 5],
    ]);
    expect(report.overall.every(({ estimate }) => estimate > 1.2)).toBe(true);
    expect(report.figures.map(({ layout }) => layout).slice(0, 3)).toEqual(['one', 'one, total cache', 'two']);
    // The others are asked as well, so that both ways are as interleaved; they count with their own cache alone.
    expect(new Set(asked)).toEqual(new Set(['one own', 'one total', 'two own', 'two total']));
    expect(report.figures.map(({ layout }) => layout)).not.toContain('two, total cache');
    const turns = asked.map((each) => each.endsWith('total')).filter((isTotal, at, all) => isTotal !== all[at - 1]);
    expect(turns).toEqual([true, false, true, false, true, false, true]);
    expect(isEnlarged()).toBe(false);
    expect(report.notes[0]).toContain('100 MB of cache by member');
    expect(report.notes[1]).toContain('equal in total');
    expect(report.notes[2]).toContain('more of it can not make a difference');
  });

  test('says why there is no comparison with equal cache in total', async () => {
    const { ground, asked } = groundWithCaches({ one: 1, two: 1 }, 'shard_0: the gateway’s user may not set its cache');
    const report = await compareLayouts(ground, ORDER, paceFor(60_000));
    expect(report.overall.map(({ cache }) => cache)).toEqual(['equal by member']);
    expect(new Set(asked)).toEqual(new Set(['one own', 'two own']));
    expect(report.notes[1]).toBe('Sleep: equal cache in total was left out. shard_0: the gateway’s user may not set its cache.');
  });

  test('gives the cache back after a failure and after a cancellation', async () => {
    const failing = groundWithCaches({ one: 1, two: 1 });
    const broken = { ...failing.ground, engineCpuMs: () => Promise.reject(new Error('gone')) };
    await expect(compareLayouts(broken, ORDER, paceFor(10_000))).rejects.toThrow('gone');
    const cancelled = groundWithCaches({ one: 1, two: 1 });
    const isCancelled = () => cancelled.asked.includes('one total');
    await compareLayouts(cancelled.ground, ORDER, paceFor(10_000, isCancelled));
    expect(cancelled.asked).not.toContain('two own');
    expect([failing.isEnlarged(), cancelled.isEnlarged()]).toEqual([false, false]);
    expect([failing.drops(), cancelled.drops()]).toEqual([1, 1]);
  });

  test('says 20 % faster of a ratio of 1.25, and slower below 1', () => {
    expect(timeSavedPercent(1.25)).toBeCloseTo(20);
    expect(timeSavedPercent(0.5)).toBe(-100);
    expect(verdictOf({ estimate: 0.9, low: 0.8, high: 0.95 })).toBe('slower');
    expect(verdictOf({ estimate: 1.1, low: 0.9, high: 1.3 })).toBe('not told apart');
  });
});
