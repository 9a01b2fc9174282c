import { expect, test } from 'vitest';
import { nearestName } from './nearest.ts';

const KNOWN = ['name', 'gender', 'birthDate', 'contact', 'maritalStatus'];

test.each([
  ['gendre', 'gender'],
  ['Name', 'name'],
  ['nmae', 'name'],
  ['birthDat', 'birthDate'],
  ['maritialStatus', 'maritalStatus'],
  ['foo', undefined],
  ['x'.repeat(10_000), undefined],
])('%s', (name, expected) => {
  expect(nearestName(name, KNOWN)).toBe(expected);
});
