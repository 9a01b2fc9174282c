import { expect, test } from 'vitest';
import { createStatementNames } from './statement-names.ts';

test('a statement keeps its name; what comes after the last one has none, since each connection keeps each plan', () => {
  const nameOf = createStatementNames('ids', 3);
  const names = ['a', 'b', 'c', 'd', 'a'].map(nameOf);
  expect(names[0]).toMatch(/^ids_[0-9a-f]{40}$/);
  expect(names[4]).toBe(names[0]);
  expect(new Set(names.slice(0, 3)).size).toBe(3);
  expect(names[3]).toBeUndefined();
});
