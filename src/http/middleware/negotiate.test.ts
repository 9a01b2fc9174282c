import { describe, expect, test } from 'vitest';
import { bodyFormat, negotiate } from './negotiate.ts';

const present = (accept?: string, query: [string, string][] = []) => negotiate(accept, query).presentation;

describe('the format of an answer (https://hl7.org/fhir/R4/http.html#mime-type)', () => {
  test.each([
    [undefined, 'json', false],
    ['*/*', 'json', false],
    ['application/fhir+json', 'json', true],
    ['application/json', 'json', false],
    ['application/fhir+xml', 'xml', true],
    ['text/xml', 'xml', false],
    ['application/fhir+xml;q=0.1, application/fhir+json;q=0.2', 'json', true],
    ['application/fhir+json;q=0.1,application/fhir+xml', 'xml', true],
    ['text/html, */*;q=0.1', 'json', false],
    ['APPLICATION/FHIR+XML; charset=utf-8', 'xml', true],
    ['application/fhir+json; fhirVersion=4.0', 'json', true],
  ])('Accept: %s', (accept, format, isFhirNamed) => {
    expect(present(accept)).toMatchObject({ format, isFhirNamed, isFhirAccepted: true });
  });

  test.each(['text/html', 'application/pdf', 'application/fhir+json;q=0', 'application/fhir+json; fhirVersion=3.0', 'json'])(
    'Accept: %s has no room for FHIR',
    (accept) => {
      expect(present(accept).isFhirAccepted).toBe(false);
    },
  );

  test.each([
    ['json', 'json'],
    ['xml', 'xml'],
    ['application/fhir+xml', 'xml'],
    ['application/fhir xml', 'xml'],
    ['text/json', 'json'],
  ])('_format=%s wins over Accept', (name, format) => {
    expect(present('application/pdf', [['_format', name]])).toMatchObject({ format, isFhirNamed: true, isFhirAccepted: true });
  });

  test('an unknown _format is 406, a _pretty that is no boolean 400', () => {
    expect(() => present(undefined, [['_format', 'pdf']])).toThrow(expect.objectContaining({ status: 406 }));
    expect(() => present(undefined, [['_pretty', 'x']])).toThrow(expect.objectContaining({ status: 400 }));
  });

  test('parameters about format are taken out of the query', () => {
    const query: [string, string][] = [
      ['_format', 'json'],
      ['a', '1'],
      ['_pretty', 'true'],
    ];
    expect(negotiate(undefined, query)).toMatchObject({ query: [['a', '1']], presentation: { isPretty: true } });
  });
});

test.each([
  ['application/fhir+json', 'json'],
  ['application/json; charset=UTF-8', 'json'],
  ['application/fhir+xml', 'xml'],
  ['application/fhir+json; fhirVersion=5.0', undefined],
  ['text/plain', undefined],
  ['json', undefined],
])('a body of type %s is %s', (type, format) => {
  expect(bodyFormat(type)).toBe(format);
});
