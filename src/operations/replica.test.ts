import { describe, expect, test } from 'vitest';
import { verdictOf } from './replica.ts';

const member = (state: string, isHealthy = true) => ({ host: 'h:1', state, isHealthy });

describe('the verdict on a replica set', () => {
  test.each([
    ['healthy', [member('PRIMARY'), member('SECONDARY')]],
    ['degraded', [member('PRIMARY'), member('DOWN', false)]],
    ['degraded', [member('PRIMARY'), member('RECOVERING')]],
    ['read-only', [member('SECONDARY'), member('SECONDARY'), member('DOWN', false)]],
    ['read-only', [member('PRIMARY', false), member('SECONDARY')]],
    ['down', [member('UNKNOWN', false)]],
    ['down', []],
  ] as const)('is %s', (verdict, members) => {
    expect(verdictOf({ members })).toBe(verdict);
  });
});
