import { describe, expect, test } from 'vitest';
import { createMeaning } from '../../../tests/support/search-meaning.ts';

const { finds } = createMeaning();

describe('uri and the parameters of every resource', () => {
  const valueSet = {
    resourceType: 'ValueSet',
    id: 'v',
    url: 'http://acme.org/fhir/ValueSet/123',
    meta: { tag: [{ system: 's', code: 't' }], profile: ['http://p|1'] },
  };
  test.each([
    ['url=http://acme.org/fhir/ValueSet/123', true],
    ['url=http://acme.org/fhir/ValueSet/12', false],
    ['url:below=http://acme.org/fhir', true],
    ['url:below=http://acme.org/fh', false],
    ['url:above=http://acme.org/fhir/ValueSet/123/_history/5', true],
    ['url:above=http://acme.org/fhir', false],
    ['_id=v', true],
    ['_id=w,v', true],
    ['_id=w', false],
    ['_id:not=v', false],
    ['_tag=s|t', true],
    ['_tag=t', true],
    ['_profile=http://p', true],
    ['_profile=http://p|2', false],
    ['_source:missing=true', true],
  ])('%s: %s', (query, expected) => {
    expect(finds(query, valueSet)).toBe(expected);
  });
});
