import { describe, expect, test } from 'vitest';
import { loadDefinitions } from '../../definitions/load.ts';
import { subsetOf, subsetText } from './subset.ts';

const definitions = loadDefinitions();
const raw =
  '{"resourceType":"Observation","id":"1","meta":{"versionId":"1","tag":[{"code":"x"}]},"text":{"status":"generated","div":"<div/>"},' +
  '"status":"final","_status":{"id":"s"},"code":{"text":"c"},"valueQuantity":{"value":1.50},"note":[{"text":"n"}]}';
const part = (query: [string, string][]) => {
  const subset = subsetOf(query);
  return subset && JSON.parse(subsetText(definitions, raw, subset));
};

describe('parts of resources (https://hl7.org/fhir/R4/search.html#summary)', () => {
  test('_elements keeps what is named and what is mandatory, a choice by its base name, companions too', () => {
    expect(Object.keys(part([['_elements', 'value']]))).toEqual([
      'resourceType',
      'id',
      'meta',
      'status',
      '_status',
      'code',
      'valueQuantity',
    ]);
    expect(Object.keys(part([['_elements', 'Observation.note,text']]))).toContain('note');
  });

  test('number lexemes stay', () => {
    expect(subsetText(definitions, raw, { kind: 'data' })).toContain('"value":1.50');
  });

  test('the part is tagged, tags that were there stay', () => {
    expect(part([['_summary', 'data']]).meta).toEqual({
      versionId: '1',
      tag: [{ code: 'x' }, { system: 'http://terminology.hl7.org/CodeSystem/v3-ObservationValue', code: 'SUBSETTED' }],
    });
  });

  test.each([
    ['true', ['status', 'code', 'valueQuantity'], ['note', 'text']],
    ['text', ['text', 'status', 'code'], ['note', 'valueQuantity']],
    ['data', ['note', 'valueQuantity'], ['text']],
  ])('_summary=%s', (summary, there, gone) => {
    const keys = Object.keys(part([['_summary', summary]]));
    expect(keys).toEqual(expect.arrayContaining(there));
    for (const name of gone) expect(keys).not.toContain(name);
  });

  test('_summary=true goes down into elements', () => {
    const service =
      '{"resourceType":"HealthcareService","photo":{"contentType":"image/png","data":"AAAA","url":"http://e.org/1"},' +
      '"identifier":[{"system":"http://e.org","value":"1","extension":[{"url":"http://e.org/x","valueCode":"y"}]}],"_name":{"id":"n"},"name":"a","coverageArea":[{"display":"here"}]}';
    const { photo, identifier, _name } = JSON.parse(subsetText(definitions, service, { kind: 'summary' }));
    expect(photo).toEqual({ contentType: 'image/png', url: 'http://e.org/1' });
    expect(identifier).toEqual([{ system: 'http://e.org', value: '1' }]);
    expect(_name).toEqual({ id: 'n' });
  });

  test('false and count leave resources whole', () => {
    expect(subsetOf([['_summary', 'false']])).toBeUndefined();
    expect(subsetOf([['_summary', 'count']])).toBeUndefined();
  });

  test.each([
    [[['_summary', 'x']]],
    [[['_elements', 'a b']]],
    [[['_elements', '']]],
    [
      [
        ['_summary', 'true'],
        ['_elements', 'code'],
      ],
    ],
  ] as [[string, string][]][])('%j is refused', (query) => {
    expect(() => subsetOf(query)).toThrow(expect.objectContaining({ status: 400 }));
  });
});
