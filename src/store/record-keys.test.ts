import { describe, expect, test } from 'vitest';
import { createRecordDirectory, subjectOf } from './record-keys.ts';
import type { MoveJob } from './record-moves.ts';

const job = (id: string, more: Partial<MoveJob>): MoveJob => ({
  id,
  subject: subjectOf('p1'),
  patient: 'p1',
  phase: 'wanted',
  startedAt: 0,
  moved: 0,
  ...more,
});
const from = '00aaaaaaaa';
const to = '01aaaaaaaa';

describe('where a record lies', () => {
  test.each([
    ['where its id tells while a move is only wanted', [job('1', {})], undefined, undefined],
    ['at its old place while it is moved', [job('1', { phase: 'closed', from, to })], from, [from, to]],
    ['at its new place when all is there', [job('1', { phase: 'moved', from, to })], to, [from, to]],
    ['there still while the old place is tidied', [job('1', { phase: 'tidying', from, to })], to, [from, to]],
    ['there for good', [job('1', { phase: 'tidying', to, completedAt: 1 })], to, [to]],
    ['there too while another move is wanted', [job('1', { phase: 'tidying', to, completedAt: 1 }), job('2', {})], to, [to]],
    [
      'where a later move has brought it',
      [job('1', { phase: 'tidying', to, completedAt: 1 }), job('2', { phase: 'closed', from: to, to: from })],
      to,
      [to, from],
    ],
    ['at both places though one more move is wanted', [job('1', { phase: 'closed', from, to }), job('2', {})], from, [from, to]],
  ])('%s', (_, jobs, at, all) => {
    const records = createRecordDirectory();
    const born = records.of('p1');
    records.set(jobs);
    expect(records.of('p1')).toBe(at ?? born);
    expect(records.all('p1')).toEqual(all ?? [born]);
    expect(records.of('p2')).toBe(createRecordDirectory().of('p2'));
  });
});
