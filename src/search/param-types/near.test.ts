import { describe, expect, test } from 'vitest';
import { createMeaning } from '../../../tests/support/search-meaning.ts';

const { finds, refusal } = createMeaning();
const at = (latitude: number, longitude: number) => ({ resourceType: 'Location', position: { latitude, longitude } });
const basel = at(47.5596, 7.5886);

describe('near (https://hl7.org/fhir/R4/location.html#positional)', () => {
  // From Zürich's main station: 74.5 km.
  test.each([
    ['near=47.3782|8.5403|74|km', false],
    ['near=47.3782|8.5403|75|km', true],
    ['near=47.3782|8.5403|75', true],
    ['near=47.3782|8.5403|75000|m', true],
    ['near=47.3782|8.5403|46|[mi_i]', false],
    ['near=47.3782|8.5403|47|mi', true],
    ['near=47.3782|8.5403', false],
    ['near=47.6|7.6', true],
    ['near=47.6|7.6||', true],
    ['near=0|0,47.6|7.6', true],
    ['near=-47.6|-7.6|10000', false],
    ['near=0|0|99999', true],
    ['near:missing=false', true],
  ])('%s finds Basel: %s', (query, expected) => {
    expect(finds(query, basel)).toBe(expected);
  });

  test('over 180 degrees and over a pole', () => {
    expect(finds('near=0|179.95|12', at(0, -179.95))).toBe(true);
    expect(finds('near=0|-179.95|12', at(0, 179.95))).toBe(true);
    expect(finds('near=0|179.95|11', at(0, -179.95))).toBe(false);
    expect(finds('near=89.9|0|23', at(89.9, 180))).toBe(true);
    expect(finds('near=89.9|0|22', at(89.9, 180))).toBe(false);
  });

  test('the rectangle leaves out nothing that is near enough', () => {
    for (let i = 0; i < 2000; i++) {
      const [latitude, longitude] = [((i * 37.13) % 178) - 89, ((i * 91.7) % 360) - 180];
      const place = at(latitude + Math.sin(i) * 0.09, longitude + Math.cos(i) * 0.09);
      if (Math.abs(place.position.longitude) <= 180)
        expect(finds(`near=${latitude.toFixed(9)}|${longitude.toFixed(9)}|14.2`, place)).toBe(true);
    }
  });

  test('a place without a position is not near', () => {
    expect(finds('near=0|0|99999', { resourceType: 'Location' })).toBe(false);
    expect(finds('near:missing=true', { resourceType: 'Location' })).toBe(true);
  });

  test.each([
    'near=47',
    'near=47|',
    'near=91|0',
    'near=0|181',
    'near=0|0|-1',
    'near=0|0|1|parsec',
    'near=0|0|1|km|x',
    'near=a|b',
    'near:exact=0|0',
  ])('%s is refused', (query) => {
    expect(refusal(query, 'Location').status).toBe(400);
  });
});
