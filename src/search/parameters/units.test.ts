import { describe, expect, test } from 'vitest';
import { createMeaning } from '../../../tests/support/search-meaning.ts';
import { createUnits } from './units.ts';

const unit = createUnits();
const UCUM = 'http://unitsofmeasure.org';
const same = (value: number, code: string, other: number, otherCode: string) => {
  const [a, b] = [unit(code), unit(otherCode)];
  return a !== undefined && a.name === b?.name && a.toCanonical(value) === b.toCanonical(other);
};

describe('UCUM units in base units (https://ucum.org/ucum)', () => {
  test.each([
    [5.4, 'mg', 0.0054, 'g'],
    [5.4, 'mg/dL', 54, 'mg/L'],
    [72, '/min', 1.2, 'Hz'],
    [72, '/min', 72, '{beats}/min'],
    [37, 'Cel', 98.6, '[degF]'],
    [37, 'Cel', 310.15, 'K'],
    [1, '[lb_av]', 453.59237, 'g'],
    [7.2, '10*3/uL', 7.2, '10*9/L'],
    [5.5, 'mmol/L', 5500, 'umol/L'],
    [60, '%', 0.6, '1'],
    [18, 'mo', 1.5, 'a'],
    [120, 'mm[Hg]', 12, 'cm[Hg]'],
    [0, 'Cel', 32, '[degF]'],
  ])('%d %s is %d %s', (value, code, other, otherCode) => {
    expect(same(value, code, other, otherCode)).toBe(true);
  });

  test.each([
    ['mg', 'mL'],
    ['mmol/L', '10*3/uL'],
    ['mol', '1'],
  ])('%s and %s are of different kinds', (a, b) => {
    expect(unit(a)?.name).not.toBe(unit(b)?.name);
  });

  test.each(['[pH]', 'dB', '[iU]/L', 'meq/L', 'mosm/kg', 'degrees', 'bel', 'mmHg', '', 'm.'.repeat(40), '5.4mg', 'kCel', '__proto__'])(
    '"%s" stays as it is',
    (code) => {
      expect(unit(code)).toBeUndefined();
    },
  );

  test('an open end stays open, and nothing becomes infinite', () => {
    expect(unit('mg')?.toCanonical(Number.MAX_VALUE)).toBe(Number.MAX_VALUE);
    expect(unit('kg')?.toCanonical(1e308)).toBe(Number.MAX_VALUE);
    expect(unit('kg')?.toCanonical(-1e308)).toBe(-Number.MAX_VALUE);
  });

  test('values of one unit keep their order', () => {
    for (const code of ['mg', 'mm[Hg]', '/min', '[degF]', '10*3/uL']) {
      const values = [0, 0.1, 0.3, 5.4, 5.41, 98.5, 98.6, 98.7, 1e6].map((value) => unit(code)?.toCanonical(value) ?? 0);
      expect(values, code).toEqual([...new Set(values)].sort((a, b) => a - b));
    }
  });
});

describe('quantities in different units (https://hl7.org/fhir/R4/search.html#quantity)', () => {
  const { finds } = createMeaning();
  const weight = (value: number, code: string, rest: object = {}) => ({
    resourceType: 'Observation',
    valueQuantity: { value, system: UCUM, code, ...rest },
  });
  test.each([
    [`5.4|${UCUM}|mg`, weight(0.0054, 'g'), true],
    [`ge5.4|${UCUM}|mg`, weight(0.0054, 'g'), true],
    [`gt5.4|${UCUM}|mg`, weight(0.0054, 'g'), false],
    [`le0.0054|${UCUM}|g`, weight(5.4, 'mg'), true],
    [`5.4|${UCUM}|mg`, weight(0.00545, 'g'), false],
    [`ne5.4|${UCUM}|mg`, weight(0.0054, 'g'), false],
    [`98.6|${UCUM}|[degF]`, weight(37, 'Cel'), true],
    [`99.6|${UCUM}|[degF]`, weight(37, 'Cel'), false],
    [`ap37|${UCUM}|Cel`, weight(42, 'Cel'), false],
    [`5.4||mg`, weight(0.0054, 'g'), true],
    [`5.4||g`, weight(5.4, 'mg'), false],
    [`5.4|${UCUM}|mL`, weight(5.4, 'mg'), false],
    [`7.4|${UCUM}|[pH]`, weight(7.4, '[pH]'), true],
    [`gt7.3|${UCUM}|[pH]`, weight(7.4, '[pH]'), true],
    [`5|${UCUM}|mmHg`, weight(5, 'mmHg'), true],
    [`1.2345678901234567|${UCUM}|mg`, weight(1.2345678901234567, 'mg'), true],
    [`ne1.2345678901234567|${UCUM}|mg`, weight(1.2345678901234567, 'mg'), false],
    [`gt5|${UCUM}|g`, weight(1, 'kg', { comparator: '>' }), true],
    [`gt5|${UCUM}|kg`, weight(1, 'g', { comparator: '>' }), true],
    [`lt5|${UCUM}|g`, weight(6, 'kg', { comparator: '>' }), false],
    [`ge1e308|${UCUM}|kg`, weight(1e308, 'kg'), true],
  ])('value-quantity=%s on %j: %s', (value, resource, expected) => {
    expect(finds(`value-quantity=${value.replaceAll('%', '%25')}`, resource)).toBe(expected);
  });

  test('in composites', () => {
    const resource = {
      resourceType: 'Observation',
      component: [{ code: { coding: [{ system: 's', code: 'w' }] }, valueQuantity: { value: 80, system: UCUM, code: 'kg' } }],
    };
    expect(finds(`component-code-value-quantity=w$gt176|${UCUM}|[lb_av]`, resource)).toBe(true);
    expect(finds(`component-code-value-quantity=w$gt177|${UCUM}|[lb_av]`, resource)).toBe(false);
  });
});
