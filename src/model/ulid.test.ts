import { expect, test } from 'vitest';
import { createUlids } from './ulid.ts';

test('ULIDs increase, and differ between makers', () => {
  const [one, other] = [createUlids(), createUlids()];
  const made = Array.from({ length: 10_000 }, one);
  expect(made).toEqual([...made].sort());
  expect(new Set([...made, ...Array.from({ length: 10_000 }, other)]).size).toBe(20_000);
  expect(made.every((ulid) => /^[0-9A-HJKMNP-TV-Z]{26}$/.test(ulid))).toBe(true);
});
