/** @see https://hl7.org/fhir/R4/references.html */
import { describe, expect, test } from 'vitest';
import { patient, problems } from './testing.ts';

describe('references', () => {
  const general = (reference: unknown) => patient({ generalPractitioner: [{ reference }] });
  test.each<[string, unknown, string[]]>([
    [
      'an unknown type',
      'Practicioner/1',
      ['Patient.generalPractitioner[0].reference: value: "Practicioner/1": Practicioner is not a resource type of FHIR R4'],
    ],
    [
      'another type than is allowed',
      'Observation/1',
      [
        'Patient.generalPractitioner[0].reference: value: "Observation/1" refers to a Observation, where only Organization, Practitioner, PractitionerRole may be',
      ],
    ],
    ['another type by URL', 'https://e.org/Observation/1', [expect.stringContaining('refers to a Observation')]],
    ['no id', 'Practitioner', [expect.stringContaining('is not a reference')]],
    ['an id that is none', 'Practitioner/a_b', [expect.stringContaining('is not a reference')]],
    ['a path upwards', '../Practitioner/1', [expect.stringContaining('is not a reference')]],
    ['a condition', 'Practitioner?identifier=x|1', [expect.stringContaining('is not a reference')]],
    [
      'a contained resource that is not there',
      '#p',
      ['Patient.generalPractitioner[0].reference: invariant: ref-1: no contained resource has the id "p"'],
    ],
    ['a number', 7, ['Patient.generalPractitioner[0].reference: value: 7 is not a string']],
    ['nothing', '', [expect.stringContaining('is not a reference'), expect.stringContaining('must not be empty')]],
  ])('%s', (_, reference, expected) => {
    expect(problems(general(reference)).sort()).toEqual(expected);
  });

  test('a condition, where a transaction allows it', () => {
    expect(problems(general('Practitioner?identifier=x|1'), 'Patient', { conditionalReferences: true })).toEqual([]);
    expect(problems(general('Observation?x=1'), 'Patient', { conditionalReferences: true })).toEqual([
      expect.stringContaining('refers to a Observation'),
    ]);
  });
});
