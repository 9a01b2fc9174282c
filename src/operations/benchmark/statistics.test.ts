import { describe, expect, test } from 'vitest';
import { bootstrapMedian, geometricMean, median, percentile, seededRandom } from './statistics.ts';

const SEED = 7;

describe('percentiles', () => {
  test('are values that were measured', () => {
    const values = Array.from({ length: 100 }, (_, at) => at + 1);
    expect([percentile(values, 0.5), percentile(values, 0.95), percentile(values, 0.99), percentile(values, 1)]).toEqual([
      51, 96, 100, 100,
    ]);
    expect(percentile([], 0.5)).toBe(0);
  });

  test('the median of an even number lies between the two in the middle', () => {
    expect([median([3, 1, 2]), median([4, 1, 3, 2]), median([])]).toEqual([2, 2.5, 0]);
  });

  test('twice as fast and half as fast together are as fast', () => {
    expect(geometricMean([2, 0.5])).toBeCloseTo(1);
  });
});

describe('the bootstrap of a median', () => {
  test('of one value, or equal ones, is sure', () => {
    expect(bootstrapMedian([1.2], seededRandom(SEED))).toEqual({ estimate: 1.2, low: 1.2, high: 1.2 });
    expect(bootstrapMedian([2, 2, 2, 2, 2], seededRandom(SEED))).toEqual({ estimate: 2, low: 2, high: 2 });
  });

  test('of five values spans them all, of many is narrower than they are', () => {
    expect(bootstrapMedian([1.3, 1.1, 1.5, 1.2, 1.4], seededRandom(SEED))).toEqual({ estimate: 1.3, low: 1.1, high: 1.5 });
    const many = Array.from({ length: 101 }, (_, at) => 1 + at / 100);
    const { estimate, low, high } = bootstrapMedian(many, seededRandom(SEED));
    expect(estimate).toBe(1.5);
    expect(low).toBeGreaterThan(1.3);
    expect(high).toBeLessThan(1.7);
  });

  test('holds the true median in about 95 of 100 cases', () => {
    const random = seededRandom(SEED);
    const cases = 200;
    let held = 0;
    for (let at = 0; at < cases; at++) {
      const { low, high } = bootstrapMedian(
        Array.from({ length: 15 }, () => random()),
        random,
      );
      if (low <= 0.5 && high >= 0.5) held++;
    }
    expect(held / cases).toBeGreaterThan(0.88);
    expect(held / cases).toBeLessThan(1);
  });

  test('gives the same for the same seed', () => {
    const values = [1, 3, 2, 5, 4, 8, 6];
    expect(bootstrapMedian(values, seededRandom(SEED))).toEqual(bootstrapMedian(values, seededRandom(SEED)));
  });
});
