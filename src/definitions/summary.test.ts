import { describe, expect, test } from 'vitest';
import { loadDefinitions } from './load.ts';
import { mandatoryElements, memberType, summaryElements } from './summary.ts';

const definitions = loadDefinitions();

describe('_summary and _elements', () => {
  test('keep what the definitions mark', () => {
    const patient = summaryElements(definitions, 'Patient');
    expect([...patient]).toEqual(expect.arrayContaining(['resourceType', 'id', 'meta', 'name', '_birthDate', 'deceasedBoolean']));
    expect(['text', 'contact', 'photo', 'extension', 'maritalStatus'].filter((name) => patient.has(name))).toEqual([]);
    expect(summaryElements(definitions, 'Attachment').has('data')).toBe(false);
    expect(summaryElements(definitions, 'Patient.link').has('other')).toBe(true);
  });

  test('know the mandatory ones', () => {
    const names = [...mandatoryElements(definitions, 'MedicationRequest')];
    const expected = ['status', 'intent', 'medicationCodeableConcept', 'medicationReference', 'subject'];
    expect(names).toEqual(['resourceType', ...expected.flatMap((name) => [name, `_${name}`])]);
    expect([...mandatoryElements(definitions, 'Patient')]).toEqual([]);
  });

  test.each([
    ['Patient', 'contact', 'Patient.contact'],
    ['Observation.component', 'referenceRange', 'Observation.referenceRange'],
    ['Observation', 'valueQuantity', 'Quantity'],
    ['Bundle.entry', 'resource', 'Resource'],
    ['Patient', 'birthDate', undefined],
    ['Patient', 'foo', undefined],
    ['Foo', 'foo', undefined],
  ])('%s.%s is a %s', (type, member, expected) => {
    expect(memberType(definitions, type, member)).toBe(expected);
  });
});
