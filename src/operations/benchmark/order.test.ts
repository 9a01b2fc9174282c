import { describe, expect, test } from 'vitest';
import { readOrder } from './order.ts';

const orderOf = (query: string) => readOrder([...new URLSearchParams(query)]);

describe('the order of a benchmark', () => {
  test('has usual sizes', () => {
    expect(orderOf('')).toEqual({
      suite: 'layouts',
      records: 20_000,
      concurrency: [1, 8],
      queriesPerRound: 100,
      rounds: 7,
      ranges: [],
      seconds: 240,
    });
  });

  test('takes several concurrencies and numbers of ranges', () => {
    expect(orderOf('concurrency=1,4&concurrency=16&ranges=4,8')).toMatchObject({ concurrency: [1, 4, 16], ranges: [4, 8] });
  });

  test.each([
    ['records=500001', 'records is a whole number from 100 to 500000, not "500001"'],
    ['records=1e3', 'records is a whole number'],
    ['rounds=4', 'rounds is a whole number from 5 to 20'],
    ['seconds=541', 'seconds is a whole number from 20 to 540'],
    ['concurrency=17', 'concurrency is a whole number from 1 to 16'],
    ['concurrency=1,2,3,4', 'concurrency has 3 values at most'],
    ['ranges=1', 'ranges is a whole number from 2 to 64'],
    ['concurrency=1,', 'concurrency is a whole number from 1 to 16, not ""'],
    ['records=100&records=200', 'records has one value, not 2'],
    ['record=100', '$benchmark has no parameter "record"'],
    ['suite=all', 'suite is one of layouts, sharding, partitioning, failover'],
  ])('%s is refused', (query, reason) => {
    expect(() => orderOf(query)).toThrow(reason);
    expect(() => orderOf(query)).toThrow(expect.objectContaining({ status: 400 }));
  });
});
