import { expect, test } from 'vitest';
import { stampResource } from '../../model/json-text.ts';
import { isUnchanged } from './unchanged.ts';

const at = (version: string, second: string) => ({ id: '1', versionId: version, lastUpdated: `2024-01-01T00:00:${second}.000Z` });
const stored = stampResource('{"resourceType":"Patient","meta":{"tag":[{"code":"x"}]},"active":true}', at('9', '01'));

test('version and time alone are no change', () => {
  expect(isUnchanged(stampResource(stored, at('10', '02')), stored)).toBe(true);
  expect(
    isUnchanged(
      stampResource(`{"resourceType":"Patient","id":"other","meta":{"tag":[{"code":"x"}]},\n  "active": true}`, at('10', '02')),
      stored,
    ),
  ).toBe(true);
});

test.each(['"active":false', '"active":true,"gender":"male"', '"active":true, "_active":{"id":"a"}'])('%s is one', (members) => {
  expect(isUnchanged(stampResource(`{"resourceType":"Patient","meta":{"tag":[{"code":"x"}]},${members}}`, at('10', '02')), stored)).toBe(
    false,
  );
});

test('a change in the rest of meta is one', () => {
  expect(isUnchanged(stampResource('{"resourceType":"Patient","active":true}', at('10', '02')), stored)).toBe(false);
});
