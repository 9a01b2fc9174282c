import { expect, test } from 'vitest';
import { compareExpressions } from './compare.ts';
import type { SearchExpression } from './expression.ts';
import { printExpression } from './print.ts';

const range = (key: string, value: number): SearchExpression => ({ kind: 'range', key, conditions: [{ bound: 'lo', op: 'ge', value }] });
const all: readonly SearchExpression[] = [
  { kind: 'equals', entry: 'Observation.status=final' },
  { kind: 'equals', entry: 'Observation.code~8867-4' },
  { kind: 'prefix', entry: 'Observation.code~8867-4' },
  range('Observation.date', 1),
  range('Observation.date', 2),
  range('Observation.issued', 1),
  { kind: 'patient', reference: 'Patient/1' },
  { kind: 'not', of: { kind: 'patient', reference: 'Patient/1' } },
  { kind: 'ids', ids: ['a', 'b'] },
  { kind: 'ids', ids: ['a'] },
];

test('only the same condition is equal', () => {
  for (const a of all)
    for (const b of all)
      expect(compareExpressions(a, structuredClone(b)) === 0, `${printExpression(a)} ${printExpression(b)}`).toBe(a === b);
});

test('the order is one, whatever the order before', () => {
  const sorted = all.toSorted(compareExpressions);
  expect(all.toReversed().sort(compareExpressions)).toEqual(sorted);
  for (const [at, a] of sorted.entries())
    for (const b of sorted.slice(at + 1)) {
      expect(compareExpressions(a, b)).toBeLessThan(0);
      expect(compareExpressions(b, a)).toBeGreaterThan(0);
    }
});
