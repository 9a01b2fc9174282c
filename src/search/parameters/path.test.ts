import { describe, expect, test } from 'vitest';
import { loadDefinitions } from '../../definitions/load.ts';
import { elementLookup } from './elements.ts';
import { compilePaths, compileReader } from './path.ts';

const definitions = loadDefinitions();
const elements = elementLookup(definitions);

function read(expression: string, type: string, resource: object): unknown[] {
  const out: unknown[] = [];
  for (const path of compilePaths(expression, type, elements)) compileReader(path.steps)(resource, out);
  return out;
}

describe('compilePaths: https://hl7.org/fhir/R4/searchparameter-registry.html', () => {
  test('every parameter of R4 and US Core compiles for each of its types, to at least one path', () => {
    let compiled = 0;
    for (const { code, base, expression } of definitions.searchParameters) {
      if (expression === undefined) continue;
      const types = base.some((each) => each.endsWith('Resource')) ? definitions.resourceTypes : base;
      for (const type of types) expect(compilePaths(expression, type, elements).length, `${type}.${code}`).toBeGreaterThan(0);
      compiled++;
    }
    const without = definitions.searchParameters.filter((parameter) => parameter.expression === undefined);
    expect(without.map((parameter) => parameter.code).sort()).toEqual(['_content', '_query', '_text']);
    expect(compiled).toBeGreaterThanOrEqual(1375);
  });

  test('a choice element without ofType is read whatever its type', () => {
    expect(compilePaths('Observation.effective', 'Observation', elements).map((path) => path.type)).toEqual([
      'dateTime',
      'Period',
      'Timing',
      'instant',
    ]);
    expect(read('Observation.effective', 'Observation', { effectiveDateTime: '2024' })).toEqual(['2024']);
  });

  test.each([
    ['(Observation.value.ofType(string)) | (Observation.value.ofType(CodeableConcept)).text', 'Observation', { valueString: 'a' }, ['a']],
    [
      '(Observation.value.ofType(string)) | (Observation.value.ofType(CodeableConcept)).text',
      'Observation',
      { valueCodeableConcept: { text: 'b' } },
      ['b'],
    ],
    ['(Observation.value as Quantity)', 'Observation', { valueQuantity: { value: 1 }, valueString: 'x' }, [{ value: 1 }]],
    ["Patient.telecom.where(system='email')", 'Patient', { telecom: [{ system: 'email' }, { system: 'fax' }] }, [{ system: 'email' }]],
    [
      'Account.subject.where(resolve() is Patient)',
      'Account',
      {
        subject: [
          { reference: 'Patient/1' },
          { reference: 'Group/1' },
          { reference: 'http://x.org/fhir/Patient/2' },
          { display: 'Patient/3' },
        ],
      },
      [{ reference: 'Patient/1' }, { reference: 'http://x.org/fhir/Patient/2' }],
    ],
    ['Bundle.entry[0].resource', 'Bundle', { entry: [{ resource: { id: 'a' } }, { resource: { id: 'b' } }] }, [{ id: 'a' }]],
    ['Patient.deceased.exists() and Patient.deceased != false', 'Patient', { deceasedBoolean: true }, [true]],
    ['Patient.deceased.exists() and Patient.deceased != false', 'Patient', { deceasedDateTime: '2024' }, [true]],
    ['Patient.deceased.exists() and Patient.deceased != false', 'Patient', { deceasedBoolean: false }, [false]],
    ['Patient.deceased.exists() and Patient.deceased != false', 'Patient', {}, [false]],
    ['name | alias', 'InsurancePlan', { name: 'a', alias: ['b', null, 'c'] }, ['a', 'b', 'c']],
    ['Patient.name.given', 'Patient', { name: [{ given: ['a', 'b'] }, { given: ['c'] }, {}] }, ['a', 'b', 'c']],
    ['Patient.name.given', 'Patient', { name: 'not what it should be' }, []],
    ['AllergyIntolerance.code | Condition.code', 'Condition', { code: 1 }, [1]],
    [
      "Condition.extension.where(url = 'http://x').valueDateTime",
      'Condition',
      { extension: [{ url: 'http://x', valueDateTime: '2024' }] },
      ['2024'],
    ],
  ])('%s on %s', (expression, type, resource, expected) => {
    expect(read(expression, type, resource)).toEqual(expected);
  });

  test.each(['Patient.nothing', 'Patient.name.first()', 'Patient.name.', 'Patient.name)', 'Patient.name[', 'Patient.name & 1'])(
    '%s is refused',
    (expression) => {
      expect(() => compilePaths(expression, 'Patient', elements)).toThrow();
    },
  );
});
