import { describe, expect, test } from 'vitest';
import { cacheProblem } from './cache-room.ts';

const MB = 2 ** 20;
const member = (limitMb: number, availableMb?: number) => ({
  cacheBytes: 256 * MB,
  limitBytes: limitMb * MB,
  ...(availableMb !== undefined && { availableBytes: availableMb * MB }),
});

describe('a cache that is enlarged for a while', () => {
  test('has half of its machine at most', () => {
    expect(cacheProblem(member(2048), 1024 * MB)).toBeUndefined();
    expect(cacheProblem(member(2000), 1024 * MB)).toBe('1024 MB are more than half of its machine’s 2000 MB');
  });

  test('takes half of what is free at most, where that can be told', () => {
    expect(cacheProblem(member(4096, 1536), 1024 * MB)).toBeUndefined();
    expect(cacheProblem(member(4096, 1500), 1024 * MB)).toBe('768 MB more cache are more than half of the 1500 MB that are free');
  });
});
