import { describe, expect, test } from 'vitest';
import { createMeaning } from '../../../tests/support/search-meaning.ts';

const { finds } = createMeaning();
const observation = (rest: object) => ({ resourceType: 'Observation', ...rest });

describe('reference: https://hl7.org/fhir/R4/search.html#reference', () => {
  const of = (reference: string) => observation({ subject: { reference } });
  test.each([
    ['subject=Patient/1', 'Patient/1', true],
    ['subject=1', 'Patient/1', true],
    ['subject=1', 'Group/1', true],
    ['patient=1', 'Patient/1', true],
    ['patient=1', 'Group/1', false],
    ['patient=Patient/1', 'Patient/1', true],
    ['patient=Group/1', 'Group/1', false],
    ['subject:Patient=1', 'Patient/1', true],
    ['subject:Patient=1', 'Group/1', false],
    ['subject=http://here/fhir/Patient/1', 'Patient/1', true],
    ['subject=Patient/1', 'http://here/fhir/Patient/1', true],
    ['subject=Patient/1', 'http://there/fhir/Patient/1', false],
    ['subject=http://there/fhir/Patient/1', 'http://there/fhir/Patient/1', true],
    ['subject=Patient/1', 'Patient/1/_history/2', true],
    ['subject=Patient/1/_history/2', 'Patient/1/_history/2', true],
    ['subject=Patient/1/_history/3', 'Patient/1/_history/2', false],
    ['subject=Patient/11', 'Patient/1', false],
    ['subject:missing=true', 'Patient/1', false],
    ['patient:missing=true', 'Group/1', true],
    ['patient:missing=false', 'http://there/fhir/Patient/1', true],
  ])('%s on %s: %s', (query, reference, expected) => {
    expect(finds(query, of(reference))).toBe(expected);
  });

  test('canonicals with and without version', () => {
    const response = { resourceType: 'QuestionnaireResponse', questionnaire: 'http://x/Q|2' };
    const queries = ['http://x/Q', 'http://x/Q|2', 'http://x/Q|3'].map((value) => finds(`questionnaire=${value}`, response));
    expect(queries).toEqual([true, true, false]);
  });
});
