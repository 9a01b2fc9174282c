/** @see https://hl7.org/fhir/R4/terminologies.html#required */
import { describe, expect, test } from 'vitest';
import { patient, problems } from './testing.ts';

describe('required bindings', () => {
  const condition = (members: object) => ({ resourceType: 'Condition', subject: { reference: 'Patient/1' }, ...members });
  test.each<[string, object, string[]]>([
    [
      'a code',
      patient({ gender: 'Male' }),
      ['Patient.gender: code-invalid: "Male" is not a code of the value set administrative-gender: male, female, other, unknown'],
    ],
    [
      'a code of a long list',
      { resourceType: 'Bundle', type: 'collection', entry: [{ resource: patient({}), search: { mode: 'x' } }] },
      [expect.stringContaining('Bundle.entry[0].search.mode: code-invalid'), expect.stringContaining('bdl-2')],
    ],
    [
      'a concept',
      condition({ clinicalStatus: { coding: [{ system: 'http://e.org', code: 'active' }] } }),
      [
        'Condition.clinicalStatus: code-invalid: no coding is of the value set condition-clinical (http://terminology.hl7.org/CodeSystem/condition-clinical), which is required',
      ],
    ],
    [
      'a concept of text',
      condition({ clinicalStatus: { text: 'active' } }),
      [expect.stringContaining('Condition.clinicalStatus: code-invalid')],
    ],
    ['a concept with an extension', condition({ clinicalStatus: { extension: [{ url: 'u:x', valueCode: 'unknown' }] } }), []],
    [
      'a concept with another coding',
      condition({
        clinicalStatus: { coding: [{ code: 'x' }, { system: 'http://terminology.hl7.org/CodeSystem/condition-clinical', code: 'active' }] },
      }),
      [],
    ],
    ['an open set', patient({ photo: [{ contentType: 'application/x-anything' }] }), []],
  ])('%s', (_, resource, expected) => {
    expect(problems(resource)).toEqual(expected);
  });
});
