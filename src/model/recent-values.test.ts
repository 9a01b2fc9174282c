import { expect, test } from 'vitest';
import { createRecentValues } from './recent-values.ts';

test('stays within its limit and keeps what is used', () => {
  const values = createRecentValues<number>(100);
  for (let i = 0; i < 10_000; i++) {
    values.set(`key ${i}`, i);
    if (i > 0) expect(values.get('key 0')).toBe(0);
    expect(values.size).toBeLessThanOrEqual(100);
  }
  expect(values.get('key 9999')).toBe(9999);
  expect(values.get('key 5000')).toBeUndefined();
  values.delete('key 0');
  expect(values.get('key 0')).toBeUndefined();
});
