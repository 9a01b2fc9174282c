import { describe, expect, test } from 'vitest';
import { NO_ENTRIES, type ResourceDraft } from '../../model/resource.ts';
import { tableOf } from './business-date.ts';
import { lexemesOf, placed, rangesText } from './row.ts';

const by = { client: 'c', subject: 's', request: 'r' };
function draft(index: Partial<ResourceDraft['index']>, type = 'Encounter'): ResourceDraft {
  return {
    type,
    id: '1',
    rk: '0000000000',
    version: 1,
    at: 0,
    deleted: false,
    raw: '{}',
    by,
    method: 'POST',
    index: { ...NO_ENTRIES, ...index },
  };
}
const encounter = tableOf('Encounter');
const NONE = Number.NEGATIVE_INFINITY;

describe('the place of a row', () => {
  test('is the start of its one date; the other ranges stay', () => {
    const length = { k: 'Encounter.length', lo: 1, hi: 1 };
    const row = placed(encounter, draft({ r: [{ k: 'Encounter.date', lo: 5, hi: 9 }, length] }));
    expect(row).toMatchObject({ businessAt: 5, endsAt: 9, ranges: [length] });
  });

  test('is the given date where no parameter has one', () => {
    expect(placed(tableOf('Coverage'), draft({ d: 7 }, 'Coverage'))).toMatchObject({ businessAt: 7, endsAt: NONE });
    expect(placed(encounter, draft({}))).toMatchObject({ businessAt: NONE, endsAt: NONE });
  });

  test('is nowhere with two dates, parts of milliseconds or an open start; all ranges stay', () => {
    const two = [1, 2].map((n) => ({ k: 'Encounter.date', lo: n, hi: n + 5 }));
    expect(placed(encounter, draft({ r: two }))).toMatchObject({ businessAt: NONE, endsAt: 7, ranges: two });
    const broken = [{ k: 'Encounter.date', lo: 1, hi: 3.00004 }];
    expect(placed(encounter, draft({ r: broken }))).toMatchObject({ businessAt: NONE, endsAt: 4, ranges: broken });
    const open = [{ k: 'Encounter.date', lo: -Number.MAX_VALUE, hi: 3 }];
    expect(placed(encounter, draft({ r: open }))).toMatchObject({ businessAt: NONE, endsAt: 3, ranges: open });
  });
});

test('ranges by key as JSON', () => {
  const ranges = [
    { k: 'a"b', lo: 1.5, hi: Number.MAX_VALUE },
    { k: '__proto__', lo: 0, hi: 0 },
    { k: 'a"b', lo: 2, hi: 3 },
  ];
  expect(rangesText(ranges)).toBe('{"a\\"b":[[1.5,1.7976931348623157e+308],[2,3]],"__proto__":[[0,0]]}');
  expect(rangesText([])).toBeNull();
});

test('lexemes, none twice, patients marked', () => {
  expect(lexemesOf(draft({ s: ['E.a=1', 'E.a=1'], patients: ['Patient/1'] }))).toEqual(['@Patient/1', 'E.a=1']);
});
