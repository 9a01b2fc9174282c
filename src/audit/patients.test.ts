import { describe, expect, test } from 'vitest';
import { addPatientsAskedFor, addPatientsIn } from './patients.ts';

const inText = (text: string) => {
  const found = new Set<string>();
  addPatientsIn(text, found);
  return [...found];
};

const askedFor = (...query: [string, string][]) => {
  const found = new Set<string>();
  addPatientsAskedFor(query, found);
  return [...found];
};

describe('patients that a text refers to', () => {
  test.each([
    ['{"subject":{"reference":"Patient/a-1.B"}}', ['a-1.B']],
    ['{"fullUrl":"http://x/fhir/R4/Patient/1","subject":{"reference":"Patient/1/_history/3"}}', ['1']],
    ['"Patient/1","Patient/2","Patient/1"', ['1', '2']],
    ['"reference":"RelatedPatient/1"', []],
    ['"Patient/"', []],
    [`"Patient/${'x'.repeat(65)}"`, []],
    ['Patient/1', ['1']],
    ['', []],
  ])('%s', (text, patients) => {
    expect(inText(text)).toEqual(patients);
  });
});

test('patients that a search names, found or not', () => {
  expect(askedFor(['patient', '1'], ['subject', 'Patient/2,Patient/3'], ['code', 'x|5'], ['patient.name', 'smith'])).toEqual([
    '1',
    '2',
    '3',
  ]);
  expect(askedFor(['patient', 'a b'], ['beneficiary', '4,5'])).toEqual(['4', '5']);
});
