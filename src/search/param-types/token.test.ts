import { describe, expect, test } from 'vitest';
import { createMeaning } from '../../../tests/support/search-meaning.ts';

const { finds } = createMeaning();
const observation = (rest: object) => ({ resourceType: 'Observation', ...rest });
const coded = (...codings: object[]) => observation({ code: { coding: codings }, status: 'final' });
const loinc = { system: 'http://loinc.org', code: '8867-4' };

describe('token: https://hl7.org/fhir/R4/search.html#token', () => {
  test.each([
    ['code=http://loinc.org|8867-4', [loinc], true],
    ['code=8867-4', [loinc], true],
    ['code=http://loinc.org|', [loinc], true],
    ['code=|8867-4', [loinc], false],
    ['code=|8867-4', [{ code: '8867-4' }], true],
    ['code=http://loinc.or|8867-4', [loinc], false],
    ['code=http://loinc.or|', [loinc], false],
    ['code=8867', [loinc], false],
    ['code=1,8867-4', [loinc], true],
    ['code:not=8867-4', [loinc, { code: 'x' }], false],
    ['code:not=x,y', [loinc], true],
    ['code:not=x', [], true],
    ['code=ABC', [{ code: 'abc' }], true],
    ['code=a\\,b', [{ code: 'a,b' }], true],
    ['code=a\\,b', [{ code: 'a' }], false],
    ['code=s|a\\|b', [{ system: 's', code: 'a|b' }], true],
    ['code:missing=true', [], true],
    ['code:missing=false', [], false],
    ['code:missing=false', [loinc], true],
    ['combo-code=8867-4', [loinc], true],
    ['status=final', [], true],
    ['status=|final', [], true],
    ['status=http://hl7.org/fhir/observation-status|final', [], true],
    ['status=http://example.org|final', [], false],
    ['status:not=final', [], false],
  ])('%s on %j: %s', (query, codings, expected) => {
    expect(finds(query, coded(...codings))).toBe(expected);
  });

  test('component-code finds a component, code does not', () => {
    const resource = observation({ component: [{ code: { coding: [loinc] } }] });
    expect([finds('component-code=8867-4', resource), finds('combo-code=8867-4', resource), finds('code=8867-4', resource)]).toEqual([
      true,
      true,
      false,
    ]);
  });

  test('identifiers are case sensitive, telephone numbers have no punctuation', () => {
    const patient = {
      resourceType: 'Patient',
      identifier: [{ system: 'urn:a', value: 'Xy' }],
      telecom: [{ system: 'phone', value: '(555) 12-34' }],
    };
    const queries = ['identifier=urn:a|Xy', 'identifier=Xy', 'identifier=urn:a|', 'phone=5551234', 'telecom=555-1234'];
    for (const query of queries) expect(finds(query, patient), query).toBe(true);
    for (const query of ['identifier=urn:a|xy', 'identifier=|Xy', 'phone=555123', 'active=true'])
      expect(finds(query, patient), query).toBe(false);
  });

  test('US Core race keeps its system', () => {
    const coding = { url: 'ombCategory', valueCoding: { system: 'urn:oid:2.16.840.1.113883.6.238', code: '2106-3' } };
    const extension = [{ url: 'http://hl7.org/fhir/us/core/StructureDefinition/us-core-race', extension: [coding] }];
    expect(finds('race=urn:oid:2.16.840.1.113883.6.238|2106-3', { resourceType: 'Patient', extension })).toBe(true);
  });
});
