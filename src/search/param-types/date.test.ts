import { describe, expect, test } from 'vitest';
import { createMeaning } from '../../../tests/support/search-meaning.ts';

const { finds } = createMeaning();
const observation = (rest: object) => ({ resourceType: 'Observation', ...rest });

describe('date: https://hl7.org/fhir/R4/search.html#date', () => {
  const at = (effective: object) => observation(effective);
  const day = at({ effectiveDateTime: '2024-03-10' });
  const year = at({ effectiveDateTime: '2024' });
  const open = at({ effectivePeriod: { start: '2024-03-10' } });
  const period = at({ effectivePeriod: { start: '2024-03-10', end: '2024-04-20' } });
  test.each([
    ['2024-03-10', [day]],
    ['2024-03', [day]],
    ['2024', [day, year, period]],
    ['2024-03-10T00:00', []],
    ['ne2024-03', [year, open, period]],
    ['gt2024-03-10', [year, open, period]],
    ['gt2024', [open]],
    ['lt2024-03-10', [year]],
    ['ge2024-03-10', [day, year, open, period]],
    ['ge2024-03-11', [year, open, period]],
    ['ge2025', [open]],
    ['le2024-03-10', [day, year, open, period].filter((each) => each === day || each === year)],
    ['sa2024-03-09', [day, open, period]],
    ['sa2023', [day, year, open, period]],
    ['eb2024-03-11', [day]],
    ['eb2025', [day, year, period]],
    ['2024-03-10T00:00:00Z', []],
    ['ge2024-03-10T02:00:00+02:00', [day, year, open, period]],
  ])('%s', (value, expected) => {
    const all = [day, year, open, period];
    expect(all.filter((each) => finds(`date=${encodeURIComponent(value)}`, each))).toEqual(expected);
  });

  test('ap widens by a tenth of the gap to now', () => {
    const old = at({ effectiveDateTime: '2004-06-15' });
    expect([finds('date=ap2005', old), finds('date=ap2010', old), finds('date=ap2006', old)]).toEqual([true, false, true]);
  });

  test('two conditions hold on one value each', () => {
    expect([finds('date=ge2024-03-01&date=le2024-03-31', day), finds('date=ge2024-03-01&date=lt2024-03-10', day)]).toEqual([true, false]);
  });

  test('_lastUpdated', () => {
    const now = Date.UTC(2024, 2, 10, 12);
    const found = ['2024-03-10', 'ge2024-03', 'lt2024-03-11', 'gt2024-03-10', 'eb2024-03-10'].map((value) =>
      finds(`_lastUpdated=${value}`, day, { at: now }),
    );
    expect(found).toEqual([true, true, true, false, false]);
  });
});
