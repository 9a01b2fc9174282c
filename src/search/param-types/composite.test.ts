import { describe, expect, test } from 'vitest';
import { createMeaning } from '../../../tests/support/search-meaning.ts';
import { loadDefinitions } from '../../definitions/load.ts';
import { printExpression } from '../expression/print.ts';
import { createSearchRegistry } from '../parameters/registry.ts';

const { finds, parse, refusal } = createMeaning();

const UCUM = 'http://unitsofmeasure.org';
const mmHg = (value: number) => ({ value, unit: 'mmHg', system: UCUM, code: 'mm[Hg]' });
const code = (text: string) => ({ coding: [{ system: 'http://loinc.org', code: text }] });
const pressure = {
  resourceType: 'Observation',
  status: 'final',
  code: code('85354-9'),
  component: [
    { code: code('8480-6'), valueQuantity: mmHg(142) },
    { code: code('8462-4'), valueQuantity: mmHg(91) },
    { code: code('x'), valueCodeableConcept: { coding: [{ system: 's', code: 'a' }] } },
    { code: code('y'), valueCodeableConcept: { coding: [{ system: 's', code: 'b' }] } },
  ],
};
const pulse = { resourceType: 'Observation', status: 'final', code: code('8867-4'), valueQuantity: { value: 72 } };

describe('composites: all parts in one element (https://hl7.org/fhir/R4/search.html#composite)', () => {
  test.each([
    ['component-code-value-quantity=8480-6$gt140', true],
    ['component-code-value-quantity=http://loinc.org|8480-6$gt140', true],
    ['component-code-value-quantity=http://loinc.org|8480-6$142|http://unitsofmeasure.org|mm[Hg]', true],
    ['component-code-value-quantity=8480-6$142||mmHg', true],
    ['component-code-value-quantity=8480-6$142||mm[Hg]', true],
    ['component-code-value-quantity=8480-6$142||kg', false],
    ['component-code-value-quantity=8462-4$gt140', false],
    ['component-code-value-quantity=8480-6$91', false],
    ['component-code-value-quantity=8462-4$gt140,8462-4$lt100', true],
    ['component-code-value-quantity=http://other|8480-6$gt140', false],
    ['component-code-value-quantity=http://loinc.org|$gt140', true],
    ['component-code-value-quantity=http://loinc.org|$gt150', false],
    ['component-code-value-quantity=http://loinc|$gt140', false],
    ['component-code-value-quantity=http://other|$gt140', false],
    ['component-code-value-concept=http://loinc.org|$a', true],
    ['component-code-value-concept=http://loinc.org|$s|b', true],
    ['component-code-value-concept=http://loinc.org|$c', false],
    ['component-code-value-concept=x$a', true],
    ['component-code-value-concept=x$s|a', true],
    ['component-code-value-concept=x$s|', true],
    ['component-code-value-concept=x$b', false],
    ['component-code-value-concept=http://loinc.org|y$s|b', true],
    ['combo-code-value-quantity=8480-6$gt140', true],
    ['combo-code-value-quantity=85354-9$gt140', false],
    ['combo-code-value-concept=x$a', true],
    ['code-value-quantity=8480-6$gt140', false],
  ])('%s on two blood pressures: %s', (query, expected) => {
    expect(finds(query, pressure)).toBe(expected);
  });

  test.each([
    ['code-value-quantity=8867-4$72', true],
    ['code-value-quantity=8867-4$gt72', false],
    ['combo-code-value-quantity=http://loinc.org|8867-4$lt80', true],
    ['component-code-value-quantity=8867-4$72', false],
  ])('%s on a pulse: %s', (query, expected) => {
    expect(finds(query, pulse)).toBe(expected);
  });

  test('what has an index stands beside what has none: the token by itself', () => {
    expect(printExpression(parse('component-code-value-quantity=8480-6$gt140', 'Observation').where)).toContain(
      'Observation.component-code~8480-6',
    );
  });

  const observation = (rest: object) => ({ resourceType: 'Observation', status: 'final', code: code('c'), ...rest });

  test('token and string, token and date, token and token', () => {
    expect(finds('code-value-string=c$ab', observation({ valueString: 'Abc' }))).toBe(true);
    expect(finds('code-value-string=d$ab', observation({ valueString: 'Abc' }))).toBe(false);
    expect(finds('code-value-date=c$ge2020', observation({ valueDateTime: '2021-02-03' }))).toBe(true);
    expect(finds('code-value-date=c$lt2020', observation({ valueDateTime: '2021-02-03' }))).toBe(false);
    expect(finds('code-value-concept=c$s|v', observation({ valueCodeableConcept: { coding: [{ system: 's', code: 'v' }] } }))).toBe(true);
  });

  test('code and reference: the parts stay with their element', () => {
    const document = {
      resourceType: 'DocumentReference',
      relatesTo: [
        { code: 'replaces', target: { reference: 'DocumentReference/1' } },
        { code: 'appends', target: { reference: 'DocumentReference/2' } },
      ],
    };
    expect(finds('relationship=replaces$DocumentReference/1', document)).toBe(true);
    expect(finds('relationship=replaces$1', document)).toBe(true);
    expect(finds('relationship=replaces$DocumentReference/2', document)).toBe(false);
  });

  test('a token and two numbers: both ends of one variant', () => {
    const sequence = {
      resourceType: 'MolecularSequence',
      referenceSeq: { chromosome: code('7'), windowStart: 1, windowEnd: 9 },
      variant: [
        { start: 10, end: 20 },
        { start: 30, end: 40 },
      ],
    };
    expect(finds('chromosome-variant-coordinate=7$gt5$lt21', sequence)).toBe(true);
    expect(finds('chromosome-variant-coordinate=7$gt25$lt21', sequence)).toBe(false);
    expect(finds('chromosome-variant-coordinate=8$gt5$lt21', sequence)).toBe(false);
    expect(finds('chromosome-variant-coordinate=7$30$ne20', sequence)).toBe(true);
    expect(finds('chromosome-window-coordinate=7$1$9', sequence)).toBe(true);
  });

  test.each([
    ['component-code-value-quantity=8480-6', 2],
    ['component-code-value-quantity=8480-6$1$2', 2],
    ['component-code-value-quantity=8480-6$', 2],
    ['code-value-quantity=$5', 2],
  ])('%s has the wrong number of parts', (query, size) => {
    expect(refusal(query, 'Observation').message).toContain(`must have ${size} parts`);
  });

  test.each(['component-code-value-quantity=8480-6$x', 'component-code-value-quantity=|$5', 'code-value-quantity:missing=true'])(
    '%s is refused',
    (query) => {
      expect(refusal(query, 'Observation').status).toBe(400);
    },
  );

  test('every composite of R4 can be searched', () => {
    const definitions = loadDefinitions();
    const registry = createSearchRegistry(definitions);
    const all = definitions.resourceTypes.flatMap((type) => registry.parametersOf(type)).filter(({ type }) => type === 'composite');
    expect(all.length).toBe(72);
    expect(all.filter(({ ways }) => !ways || ways.length === 0).map(({ on, code }) => `${on}.${code}`)).toEqual([]);
  });
});
