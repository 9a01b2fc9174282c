import { describe, expect, test } from 'vitest';
import { AUDIT_TABLE } from '../audit/table.ts';
import { tableOf } from '../business-date.ts';
import { instantLiteral, slotOf } from './slots.ts';

const encounter = tableOf('Encounter');

describe('a slot', () => {
  test('is a year of UTC, or a day', () => {
    expect(slotOf(encounter, Date.UTC(2024, 11, 31, 23, 59, 59, 999))).toEqual({
      partition: 'encounter_y2024',
      from: Date.UTC(2024, 0),
      to: Date.UTC(2025, 0),
    });
    expect(slotOf(AUDIT_TABLE, Date.UTC(2024, 1, 29, 12))).toEqual({
      partition: 'auditevent_d20240229',
      from: Date.UTC(2024, 1, 29),
      to: Date.UTC(2024, 2, 1),
    });
  });

  test('exists for the first centuries too', () => {
    const year33 = new Date(0).setUTCFullYear(33, 3, 3);
    const slot = slotOf(encounter, year33);
    expect(slot?.partition).toBe('encounter_y0033');
    expect(instantLiteral(slot?.from ?? 0)).toBe(`'0033-01-01T00:00:00.000Z'::timestamptz`);
    expect(instantLiteral(slotOf(encounter, Date.UTC(9999, 5))?.to ?? 0)).toBe(`'10000-01-01T00:00:00.000Z'::timestamptz`);
  });

  test.each([Number.NEGATIVE_INFINITY, -8e15, 8.6e15, Number.NaN])('not for %d', (ms) => {
    expect(slotOf(encounter, ms)).toBeUndefined();
  });
});
