import { expect, test } from 'vitest';
import { shortKey } from './short-key.ts';

test('keys that differ in one character, or in its place, stay apart; equal keys are equal', () => {
  const keys = Array.from({ length: 20_000 }, (_, n) => `Observation.combo-code-value-quantity$~${n}|http://unitsofmeasure.org|mm[Hg]`);
  const short = keys.map(shortKey);
  expect(new Set(short).size).toBe(keys.length);
  expect(keys.map(shortKey)).toEqual(short);
  expect(short.every((key) => Number.isSafeInteger(key) && key >= 0)).toBe(true);
  expect(shortKey('ab')).not.toBe(shortKey('ba'));
});
