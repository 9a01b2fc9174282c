import { describe, expect, test } from 'vitest';
import { createMeaning } from '../../../tests/support/search-meaning.ts';

const { finds } = createMeaning();

describe('string: https://hl7.org/fhir/R4/search.html#string', () => {
  const patient = {
    resourceType: 'Patient',
    name: [{ family: 'Carreno Quiñones', given: ['Émile', '50%_x'] }],
    address: [{ city: 'Köln' }],
  };
  test.each([
    ['family=carreno', true],
    ['family=CARRENO QUIN', true],
    ['family=quinones', false],
    ['family:exact=Carreno Quiñones', true],
    ['family:exact=carreno quiñones', false],
    ['family:exact=Carreno', false],
    ['name=emi', true],
    ['name=50%', true],
    ['name=50a', false],
    ['given=50%25_', true],
    ['phonetic=emile', true],
    ['address=koln', true],
    ['address-city=köl', true],
    ['family:missing=false', true],
    ['address-country:missing=true', true],
    ['name=x,emile', true],
  ])('%s: %s', (query, expected) => {
    expect(finds(query.replace('50%', '50%25').replace('%2525', '%25'), patient)).toBe(expected);
  });
});
