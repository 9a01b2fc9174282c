import { describe, expect, test } from 'vitest';
import { observation, patient, problems } from './testing.ts';

const XHTML = 'xmlns="http://www.w3.org/1999/xhtml"';

describe('valid resources', () => {
  test.each<[string, object]>([
    ['the empty Patient', patient({})],
    ['a value with extensions', patient({ birthDate: '1970', _birthDate: { extension: [{ url: 'http://e.org/x', valueInteger: 1 }] } })],
    ['extensions in place of a value', patient({ _birthDate: { extension: [{ url: 'http://e.org/x', valueCode: 'unknown' }] } })],
    ['an id beside a value', patient({ gender: 'male', _gender: { id: 'a' } })],
    [
      'lists padded with nulls',
      patient({ name: [{ given: ['A', null, 'C'], _given: [null, { extension: [{ url: 'http://e.org/x', valueString: 'y' }] }, null] }] }),
    ],
    ['nested extensions', patient({ extension: [{ url: 'http://e.org/x', extension: [{ url: 'y', valueBoolean: false }] }] })],
    [
      'a required value that is an extension',
      { resourceType: 'Observation', code: { text: 'x' }, _status: { extension: [{ url: 'u:x', valueCode: 'unknown' }] } },
    ],
    [
      'every form of reference',
      patient({
        generalPractitioner: [
          'Practitioner/1',
          'Practitioner/1/_history/2',
          'urn:uuid:1',
          'https://e.org/fhir/Organization/1',
          'https://e.org/x',
        ].map((reference) => ({ reference })),
      }),
    ],
    ['a reference by identifier', patient({ managingOrganization: { identifier: { value: '1' } } })],
    [
      'contained resources',
      patient({ contained: [{ resourceType: 'Organization', id: 'o', name: 'x' }], managingOrganization: { reference: '#o' } }),
    ],
    [
      'a contained resource that points home',
      patient({ contained: [{ resourceType: 'Observation', id: 'o', status: 'final', code: { text: 'x' }, subject: { reference: '#' } }] }),
    ],
    ['a choice', observation({ valueQuantity: { value: 1e3, system: 'http://unitsofmeasure.org', code: 'mg' } })],
    [
      'a narrative',
      patient({ text: { status: 'generated', div: `<div ${XHTML}><p style="color: red">x <a href="#a">y</a><br/></p></div>` } }),
    ],
    [
      'a narrative of an image',
      patient({ text: { status: 'generated', div: `<div ${XHTML}><img src="data:image/png;base64,AA==" alt=""/></div>` } }),
    ],
    ['white space that strings may have', patient({ name: [{ text: 'a\tb\r\n c' }] })],
    ['a content reference', observation({ component: [{ code: { text: 'x' }, referenceRange: [{ text: 'y' }] }] })],
    ['a Bundle of resources', { resourceType: 'Bundle', type: 'collection', entry: [{ fullUrl: 'urn:uuid:1', resource: patient({}) }] }],
  ])('%s', (_, resource) => {
    expect(problems(resource)).toEqual([]);
  });
});

describe('structure', () => {
  test.each<[string, unknown, string[]]>([
    ['no object', [], ['Resource: structure: a resource must be an object, not an array']],
    ['no resourceType', {}, ['Resource.resourceType: required: resourceType is missing']],
    [
      'an unknown type',
      { resourceType: 'Pateint' },
      ['Resource.resourceType: invalid: "Pateint" is not a resource type of FHIR R4: was Patient meant?'],
    ],
    ['an abstract type', { resourceType: 'DomainResource' }, [expect.stringContaining('is not a resource type')]],
    ['a type that is no string', { resourceType: ['Patient'] }, [expect.stringContaining('["Patient"] is not a resource type')]],
    ['a misspelt element', patient({ gendre: 'male' }), ['Patient.gendre: structure: Patient has no element "gendre": was gender meant?']],
    ['an element far from any', patient({ qqqqqq: 1 }), ['Patient.qqqqqq: structure: Patient has no element "qqqqqq"']],
    ['an element in the wrong case', patient({ birthdate: '1970' }), [expect.stringContaining('was birthDate meant?')]],
    [
      'a misspelt element deep down',
      patient({ name: [{}, { givn: ['A'] }] }),
      [
        'Patient.name[0]: invariant: ele-1: an element must have a value or children: leave it out',
        'Patient.name[1].givn: structure: HumanName has no element "givn": was given meant?',
      ],
    ],
    [
      'a choice without its type',
      observation({ value: 1 }),
      [expect.stringMatching(/Observation has no element "value": write its type, valueQuantity, .*…$/)],
    ],
    ['a choice with another type', observation({ valueUri: 'x' }), [expect.stringContaining('has no element "valueUri"')]],
    [
      'two cases of a choice',
      observation({ valueString: 'x', valueInteger: 1 }),
      ['Observation.value: structure: only one of value[x] may be there'],
    ],
    [
      'two cases, one with extensions only',
      observation({ valueString: 'x', _valueInteger: { extension: [{ url: 'u:x', valueCode: 'y' }] } }),
      ['Observation.value: structure: only one of value[x] may be there'],
    ],
    [
      'what JavaScript objects have',
      patient(JSON.parse('{"__proto__": {"active": true}, "constructor": 1, "toString": 2}')),
      [
        'Patient.__proto__: structure: Patient has no element "__proto__"',
        'Patient.constructor: structure: Patient has no element "constructor": was contact meant?',
        'Patient.toString: structure: Patient has no element "toString"',
      ].map((text) => expect.stringContaining(text.split(': was')[0] ?? '')),
    ],
    [
      'resourceType in a data type',
      patient({ name: [{ resourceType: 'HumanName', family: 'x' }] }),
      [expect.stringContaining('HumanName has no element "resourceType"')],
    ],
    [
      'missing elements',
      { resourceType: 'Observation' },
      ['Observation.status: required: status is missing', 'Observation.code: required: code is missing'],
    ],
    [
      'a missing choice',
      { resourceType: 'MedicationRequest', status: 'active', intent: 'order', subject: { reference: 'Patient/1' } },
      ['MedicationRequest.medication: required: medication[x] is missing'],
    ],
    ['missing in a backbone', patient({ link: [{ type: 'seealso' }] }), ['Patient.link[0].other: required: other is missing']],
    [
      'an array for one value',
      patient({ gender: ['male'] }),
      ['Patient.gender: structure: gender may be there once only: it must not be an array'],
    ],
    [
      'one value for an array',
      patient({ name: { family: 'x' } }),
      ['Patient.name: structure: name may repeat: it must be an array, not an object'],
    ],
    ['an empty array', patient({ name: [] }), ['Patient.name: structure: an array must not be empty: leave the element out']],
    ['an object with an id only', patient({ name: [{ id: 'x' }] }), [expect.stringContaining('Patient.name[0]: invariant: ele-1')]],
    ['null', patient({ active: null }), ['Patient.active: structure: null is not a value: leave the element out']],
    ['null in a list of objects', patient({ name: [null] }), ['Patient.name[0]: structure: null is not a value: leave the element out']],
    [
      'null in a list of values',
      patient({ name: [{ given: ['A', null] }] }),
      [expect.stringContaining('Patient.name[0].given[1]: structure: null')],
    ],
    [
      'null in both lists',
      patient({ name: [{ given: ['A', null], _given: [{ id: 'x' }, null] }] }),
      [
        expect.stringContaining('Patient.name[0].given[1]: structure: null is not'),
        expect.stringContaining('Patient.name[0].given[1]: structure: id and extensions'),
      ],
    ],
    ['a string for an object', patient({ name: ['x'] }), ['Patient.name[0]: structure: HumanName must be an object, not a string']],
    ['an array in an array', patient({ name: [[]] }), ['Patient.name[0]: structure: HumanName must be an object, not an array']],
    ['an object for a string', patient({ birthDate: { $gt: '' } }), ['Patient.birthDate: value: an object is not a string']],
    [
      'a sibling that is no object',
      patient({ _birthDate: 'x' }),
      [expect.stringContaining('Patient.birthDate: structure: id and extensions of a primitive')],
    ],
    [
      'a sibling without anything',
      patient({ _birthDate: { id: 'x' } }),
      [expect.stringContaining('ele-1: an element must have a value or children')],
    ],
    ['a sibling of an object', patient({ _name: [{}] }), [expect.stringContaining('Patient has no element "_name"')]],
    [
      'a sibling with an unknown member',
      patient({ gender: 'male', _gender: { id: 'a', x: 1 } }),
      [expect.stringContaining('Patient.gender.x: structure: Element has no')],
    ],
    [
      'siblings that R4 lacks',
      patient({ id: '1', _id: { id: 'a' }, extension: [{ url: 'u:x', _url: { id: 'a' }, valueCode: 'y' }] }),
      [expect.stringContaining('Patient._id: structure'), expect.stringContaining('Patient.extension[0]._url: structure')],
    ],
    [
      'a sibling list for one value',
      patient({ gender: 'male', _gender: [{ id: 'a' }] }),
      [expect.stringContaining('must be an object, not an array')],
    ],
    [
      'one sibling for a list',
      patient({ name: [{ given: ['A'], _given: { id: 'a' } }] }),
      [expect.stringContaining('_given must be an array')],
    ],
  ])('%s', (_, resource, expected) => {
    expect(problems(resource)).toEqual(expected);
  });

  test('the type that the URL names', () => {
    expect(problems(patient({ x: 1 }), 'Observation')).toEqual([
      'Patient.resourceType: invalid: the resource is a Patient, not a Observation',
    ]);
    expect(problems({}, 'Observation')).toEqual(['Observation.resourceType: required: resourceType is missing']);
  });

  test('a root for the places', () => {
    expect(problems(patient({ x: 1 }), 'Patient', { root: 'Bundle.entry[3].resource' })).toEqual([
      'Bundle.entry[3].resource.x: structure: Patient has no element "x"',
    ]);
  });

  test('all problems at once, in resources of a Bundle too', () => {
    const bundle = {
      resourceType: 'Bundle',
      type: 'collection',
      entry: [{ resource: patient({ active: 'yes', name: 1 }) }, { resource: { resourceType: 'Observation' } }],
    };
    expect(problems(bundle).map((text) => text.split(':')[0])).toEqual([
      'Bundle.entry[0].resource.active',
      'Bundle.entry[0].resource.name',
      'Bundle.entry[1].resource.status',
      'Bundle.entry[1].resource.code',
    ]);
  });

  test('bounded: depth and number of problems', () => {
    let extension: object = { url: 'u:x', valueString: 'x' };
    for (let level = 0; level < 100_000; level += 1) extension = { url: 'u:x', extension: [extension] };
    expect(problems(patient({ extension: [extension] }))).toEqual([
      expect.stringMatching(/^Patient(\.extension\[0\]){64}: too-costly: nested over 64/),
    ]);
    expect(problems(patient(Object.fromEntries(Array.from({ length: 2000 }, (_, index) => [`x${index}`, 1]))))).toHaveLength(1000);
  });
});
