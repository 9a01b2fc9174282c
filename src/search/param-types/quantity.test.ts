import { describe, expect, test } from 'vitest';
import { createMeaning } from '../../../tests/support/search-meaning.ts';

const { finds } = createMeaning();
const observation = (rest: object) => ({ resourceType: 'Observation', ...rest });

describe('number and quantity: https://hl7.org/fhir/R4/search.html#quantity', () => {
  const ucum = 'http://unitsofmeasure.org';
  const quantity = (value: number, rest: object = { system: ucum, code: 'mg', unit: 'mg' }) =>
    observation({ valueQuantity: { value, ...rest } });
  test.each([
    ['5.4', quantity(5.4), true],
    ['5.4', quantity(5.449), true],
    ['5.4', quantity(5.45), false],
    ['5.40', quantity(5.41), false],
    ['5.40e-3', quantity(0.0054), true],
    ['1e2', quantity(104), true],
    ['1e2', quantity(105), false],
    ['ne5.4', quantity(5.4), false],
    ['gt5.4', quantity(5.41), true],
    ['lt5.4', quantity(5.4), false],
    ['le5.4', quantity(5.4), true],
    ['ap100', quantity(91), true],
    ['ap100', quantity(89), false],
    ['gt5', quantity(1, { comparator: '>' }), true],
    [`5.4|${ucum}|mg`, quantity(5.4), true],
    [`5.4|${ucum}|g`, quantity(5.4), false],
    [`0.0054|${ucum}|g`, quantity(5.4), true],
    ['5.4||mg', quantity(5.4), true],
    ['5.4||mg', quantity(5.4, { unit: 'mg' }), true],
    ['5.4||mmHg', quantity(5.4, { system: ucum, code: 'mm[Hg]', unit: 'mmHg' }), true],
    ['5.4||x', quantity(5.4, { system: 'urn:s', code: 'x' }), true],
    ['-5', quantity(-5), true],
  ])('%s on %j: %s', (value, resource, expected) => {
    expect(finds(`value-quantity=${value}`, resource)).toBe(expected);
  });

  test('probability', () => {
    expect(finds('probability=gt0.8', { resourceType: 'RiskAssessment', prediction: [{ probabilityDecimal: 0.9 }] })).toBe(true);
  });
});
