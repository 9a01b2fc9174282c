import { describe, expect, test } from 'vitest';
import { createMeaning } from '../../../tests/support/search-meaning.ts';

const UNKNOWN = { why: 'is not known here' };
const many = { codes: { 'http://loinc.org': Array.from({ length: 2001 }, (_, at) => `${at}`) } };

const { finds, refusal } = createMeaning({
  vocabulary: {
    valueSet: (url) => {
      if (url === 'http://my/set') return { codes: { 'http://loinc.org': ['8867-4'] } };
      if (url === 'http://many') return many;
      return url === 'http://final'
        ? { codes: { 'http://hl7.org/fhir/observation-status': ['final'], 'http://other': ['amended'] } }
        : UNKNOWN;
    },
    related: (direction, system, code) => {
      if (system !== 'http://loinc.org') return UNKNOWN;
      return { codes: { [system]: direction === 'below' ? [code, '8867-4'] : [code] } };
    },
  },
});
const alone = createMeaning();

const patient = {
  resourceType: 'Patient',
  name: [{ family: 'Müller-Lüdenscheidt', given: ['Anna'] }],
  gender: 'female',
  identifier: [
    { type: { coding: [{ system: 'http://t', code: 'MR' }], text: 'Medical record' }, system: 'http://a', value: 'Ab1' },
    { type: { coding: [{ system: 'http://t', code: 'SS' }] }, system: 'http://b', value: '2' },
  ],
};
const pulse = {
  resourceType: 'Observation',
  status: 'final',
  code: { coding: [{ system: 'http://loinc.org', code: '8867-4', display: 'Heart Rate' }], text: 'Pulse' },
  subject: { identifier: { system: 'http://a', value: 'Ab1' } },
};

describe('modifiers: https://hl7.org/fhir/R4/search.html#modifiers', () => {
  test.each([
    ['family:contains=denscheidt', true],
    ['family:contains=LUDEN', true],
    ['family:contains=anna', false],
    ['name:contains=nn', true],
    ['family:contains=x', false],
    ['identifier:of-type=http://t|MR|Ab1', true],
    ['identifier:of-type=http://t|MR|2', false],
    ['identifier:of-type=http://t|SS|2', true],
    ['identifier:of-type=http://t|MR|ab1', false],
    ['identifier:text=medical', true],
    ['identifier:text=record', false],
  ])('%s on a Patient: %s', (query, expected) => {
    expect(finds(query, patient)).toBe(expected);
  });

  test.each([
    ['code:text=heart', true],
    ['code:text=PUL', true],
    ['code:text=rate', false],
    ['combo-code:text=heart', true],
    ['code:in=http://my/set', true],
    ['code:not-in=http://my/set', false],
    ['status:in=http://final', true],
    ['status:not-in=http://final', false],
    ['code:below=http://loinc.org|parent', true],
    ['code:below=http://loinc.org|parent,http://loinc.org|x', true],
    ['code:above=http://loinc.org|parent', false],
    ['code:above=http://loinc.org|8867-4', true],
    ['subject:identifier=http://a|Ab1', true],
    ['subject:identifier=Ab1', true],
    ['subject:identifier=http://a|', true],
    ['subject:identifier=http://b|Ab1', false],
    ['patient:identifier=http://a|Ab1', true],
  ])('%s on an Observation: %s', (query, expected) => {
    expect(finds(query, pulse)).toBe(expected);
  });

  test('the element of another system is not meant', () => {
    expect(finds('status:in=http://final', { ...pulse, status: 'amended' })).toBe(false);
  });

  test.each([
    ['gender:in=http://hl7.org/fhir/ValueSet/administrative-gender', true],
    ['gender:not-in=http://hl7.org/fhir/ValueSet/administrative-gender|4.0.1', false],
  ])('%s without a vocabulary: the sets that R4 binds elements to', (query, expected) => {
    expect(alone.finds(query, patient)).toBe(expected);
    expect(alone.refusal('gender:in=http://unknown/set', 'Patient').message).toContain('is not known here');
  });

  test('a concept of words only is not missing', () => {
    expect(finds('code:missing=false', { resourceType: 'Observation', code: { text: 'Pulse' } })).toBe(true);
    expect(finds('code:missing=true', { resourceType: 'Observation', code: {} })).toBe(true);
  });

  test.each([
    ['code:in=http://unknown/set', 'the value set "http://unknown/set" is not known'],
    ['code:in=http://many', 'means 2001 codes; at most 2000'],
    ['code:above=x', '[system]|[code]'],
    ['code:below=http://loinc.org|', '[system]|[code]'],
    ['code:below=http://x|1', 'the code system "http://x" is not known'],
    ['date:below=2020', 'allowed: :missing'],
    ['status:text=x', ':missing, :not, :in'],
    ['subject:contains=x', ':identifier'],
    ['date:contains=x', 'allowed: :missing'],
    ['code:of-type=a|b|c', ':not'],
    ['identifier:of-type=a|b', '[system]|[code]|[value]'],
    ['identifier:of-type=a|b|', '[system]|[code]|[value]'],
  ])('%s is refused and told what is allowed', (query, told) => {
    const { status, message } = refusal(query, 'Observation');
    expect([status, message]).toEqual([400, expect.stringContaining(told)]);
  });
});
