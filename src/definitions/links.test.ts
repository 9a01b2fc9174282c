import { describe, expect, test } from 'vitest';
import { findLinks } from './links.ts';
import { loadDefinitions } from './load.ts';
import { rewriteNarrativeLinks } from './narrative-links.ts';

const definitions = loadDefinitions();
const places = (resource: object) => findLinks(definitions, resource).map((link) => `${link.kind} ${link.path.join('.')} ${link.value}`);

describe('findLinks', () => {
  test.each<[string, object, string[]]>([
    ['a reference', { resourceType: 'Observation', subject: { reference: 'Patient/1' } }, ['reference subject.reference Patient/1']],
    [
      'references in lists and backbones',
      { resourceType: 'Encounter', participant: [{}, { individual: { reference: 'urn:uuid:1' } }] },
      ['reference participant.1.individual.reference urn:uuid:1'],
    ],
    ['one case of a choice', { resourceType: 'Observation', valueString: 'urn:uuid:1', valueQuantity: { unit: 'urn:uuid:1' } }, []],
    [
      'uri and url, but not canonical or string',
      {
        resourceType: 'Observation',
        implicitRules: 'urn:uuid:2',
        meta: { profile: ['urn:uuid:3'] },
        extension: [{ url: 'http://e.org/x', valueUrl: 'urn:uuid:4' }],
      },
      ['uri implicitRules urn:uuid:2', 'uri extension.0.url http://e.org/x', 'uri extension.0.valueUrl urn:uuid:4'],
    ],
    [
      'the extension of a primitive, in a list with nulls',
      {
        resourceType: 'Patient',
        name: [{ given: ['A', 'B'], _given: [null, { extension: [{ valueReference: { reference: 'urn:uuid:5' } }] }] }],
      },
      ['reference name.0._given.1.extension.0.valueReference.reference urn:uuid:5'],
    ],
    [
      'a contained resource',
      { resourceType: 'Patient', contained: [{ resourceType: 'Observation', subject: { reference: '#' } }] },
      ['reference contained.0.subject.reference #'],
    ],
    [
      'a narrative with a link',
      { resourceType: 'Patient', text: { div: '<div><a href="urn:uuid:1">x</a></div>' } },
      ['narrative text.div <div><a href="urn:uuid:1">x</a></div>'],
    ],
    ['a narrative without', { resourceType: 'Patient', text: { div: '<div>the href of</div>' } }, []],
    ['what is not as defined', { resourceType: 'Patient', generalPractitioner: 'x', name: 7, foo: { reference: 'y' }, link: [null] }, []],
    ['an unknown type', { resourceType: 'Foo', subject: { reference: 'Patient/1' } }, []],
  ])('finds %s', (_, resource, expected) => {
    expect(places(resource)).toEqual(expected);
  });

  test('asks `wanted` about references and URIs', () => {
    const resource = { resourceType: 'Patient', implicitRules: 'a', generalPractitioner: [{ reference: 'b' }, { reference: 'c' }] };
    expect(findLinks(definitions, resource, (value) => value === 'c')).toEqual([
      { kind: 'reference', path: ['generalPractitioner', 1, 'reference'], value: 'c' },
    ]);
  });
});

describe('rewriteNarrativeLinks', () => {
  const replace = (url: string) => (url === 'urn:uuid:1&2' ? 'Patient/<1>' : undefined);

  test.each([
    ['<a href="urn:uuid:1&amp;2">x</a>', '<a href="Patient/&lt;1>">x</a>'],
    ["<a class='a>b' href='urn:uuid:1&amp;2'>x</a>", `<a class='a>b' href="Patient/&lt;1>">x</a>`],
    ['<img alt="" src="urn:uuid:1&amp;2"/>', '<img alt="" src="Patient/&lt;1>"/>'],
    ['<a href="other"> href="urn:uuid:1&amp;2"</a>', '<a href="other"> href="urn:uuid:1&amp;2"</a>'],
    ['<abbr href="urn:uuid:1&amp;2"/>', '<abbr href="urn:uuid:1&amp;2"/>'],
  ])('%s', (div, expected) => {
    expect(rewriteNarrativeLinks(div, replace)).toBe(expected);
  });
});
