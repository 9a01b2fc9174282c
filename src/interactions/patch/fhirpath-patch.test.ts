import { describe, expect, test } from 'vitest';
import { loadDefinitions } from '../../definitions/load.ts';
import { FhirError } from '../../model/error.ts';
import { applyFhirPathPatch } from './fhirpath-patch.ts';

const definitions = loadDefinitions();

/** A part with a value given as JSON members: `part('value', '"valueDate":"2001"')`. */
const part = (name: string, members: string) => `{"name":"${name}",${members}}`;
const text = (name: string, value: string) => part(name, `"valueString":${JSON.stringify(value)}`);
const number = (name: string, value: number) => part(name, `"valueInteger":${value}`);
const value = (members: string) => part('value', members);
const parts = (...children: string[]) => value(`"part":[${children.join(',')}]`);

const operation = (type: string, path: string, ...more: string[]) =>
  `{"name":"operation","part":[${[part('type', `"valueCode":"${type}"`), text('path', path), ...more].join(',')}]}`;
const add = (path: string, name: string, what: string) => operation('add', path, text('name', name), what);
const insert = (path: string, index: number, what: string) => operation('insert', path, number('index', index), what);
const remove = (path: string) => operation('delete', path);
const replace = (path: string, what: string) => operation('replace', path, what);
const move = (path: string, source: number, destination: number) =>
  operation('move', path, number('source', source), number('destination', destination));

const parameters = (...operations: string[]) => `{"resourceType":"Parameters","parameter":[${operations.join(',')}]}`;
const patient = (members: string) => `{"resourceType":"Patient"${members && `,${members}`}}`;
const patched = (resource: string, ...operations: string[]) => applyFhirPathPatch(resource, parameters(...operations), definitions);

const BORN = '"birthDate":"1931-07-04"';
const CONTACT = '"contact":[{"name":{"text":"Rosa"},"gender":"female"}]';
const IDS = (...ids: string[]) => `"identifier":[${ids.map((id) => `{"value":"${id}"}`).join(',')}]`;
const NAME = '"name":[{"family":"Okoro","given":["Ada","Bea"],"_given":[{"id":"g1"},null]}]';

describe('FHIRPath Patch (R4 fhirpatch.html)', () => {
  test.each<[string, string, string[], string]>([
    ['nothing to do', BORN, [], BORN],
    ['replace a primitive', BORN, [replace('Patient.birthDate', value('"valueDate":"1932-01-01"'))], '"birthDate":"1932-01-01"'],
    ['delete a primitive', BORN, [remove('Patient.birthDate')], ''],
    ['delete what is not there', BORN, [remove('Patient.gender')], BORN],
    ['add a primitive', '', [add('Patient', 'birthDate', value('"valueDate":"1932-01-01"'))], '"birthDate":"1932-01-01"'],
    [
      'replace a nested code',
      CONTACT,
      [replace('Patient.contact[0].gender', value('"valueCode":"male"'))],
      CONTACT.replace('female', 'male'),
    ],
    [
      'replace a nested string',
      CONTACT,
      [replace('Patient.contact[0].name.text', value('"valueString":"Rosa M."'))],
      CONTACT.replace('Rosa', 'Rosa M.'),
    ],
    ['delete a nested primitive', CONTACT, [remove('Patient.contact[0].gender')], '"contact":[{"name":{"text":"Rosa"}}]'],
    ['delete the last of an object, and the object', CONTACT, [remove('Patient.contact[0].name.text')], '"contact":[{"gender":"female"}]'],
    ['delete the last of everything', '"contact":[{"name":{"text":"Rosa"}}]', [remove('Patient.contact.name.text')], ''],
    [
      'add a nested primitive',
      '"contact":[{"gender":"female"}]',
      [add('Patient.contact[0]', 'name', value('"valueHumanName":{"text":"R"}'))],
      '"contact":[{"gender":"female","name":{"text":"R"}}]',
    ],
    [
      'add a complex value',
      '',
      [add('Patient', 'maritalStatus', value('"valueCodeableConcept":{"text":"M"}'))],
      '"maritalStatus":{"text":"M"}',
    ],
    [
      'replace a complex value whole',
      '"maritalStatus":{"id":"a","text":"M"}',
      [replace('Patient.maritalStatus', value('"valueCodeableConcept":{"text":"S"}'))],
      '"maritalStatus":{"text":"S"}',
    ],
    ['delete a complex value', '"maritalStatus":{"text":"M"},"active":true', [remove('Patient.maritalStatus')], '"active":true'],
    [
      'add a backbone element by parts',
      '',
      [add('Patient', 'contact', parts(part('name', '"valueHumanName":{"text":"Rosa"}'), part('gender', '"valueCode":"female"')))],
      CONTACT,
    ],
    [
      'parts in parts, and repeated',
      '',
      [
        add(
          'Patient',
          'contact',
          parts(
            part('relationship', '"valueCodeableConcept":{"text":"a"}'),
            part('relationship', '"valueCodeableConcept":{"text":"b"}'),
            part('period', '"part":[{"name":"start","valueDateTime":"2001"}]'),
          ),
        ),
      ],
      '"contact":[{"relationship":[{"text":"a"},{"text":"b"}],"period":{"start":"2001"}}]',
    ],
    ['delete a backbone element', CONTACT, [remove('Patient.contact[0]')], ''],
    [
      'change contents of a list',
      IDS('a', 'b'),
      [
        replace('Patient.identifier[0].value', value('"valueString":"b"')),
        replace('Patient.identifier[1].value', value('"valueString":"a"')),
      ],
      IDS('b', 'a'),
    ],
    ['add to a list', IDS('a'), [add('Patient', 'identifier', value('"valueIdentifier":{"value":"b"}'))], IDS('a', 'b')],
    ['add the first of a list', '', [add('Patient', 'identifier', value('"valueIdentifier":{"value":"a"}'))], IDS('a')],
    ['insert at the end', IDS('a', 'b'), [insert('Patient.identifier', 2, value('"valueIdentifier":{"value":"c"}'))], IDS('a', 'b', 'c')],
    [
      'insert in the middle',
      IDS('a', 'b'),
      [insert('Patient.identifier', 1, value('"valueIdentifier":{"value":"c"}'))],
      IDS('a', 'c', 'b'),
    ],
    ['insert at the start', IDS('a', 'b'), [insert('Patient.identifier', 0, value('"valueIdentifier":{"value":"c"}'))], IDS('c', 'a', 'b')],
    ['insert starts a list', '', [insert('Patient.identifier', 0, value('"valueIdentifier":{"value":"c"}'))], IDS('c')],
    [
      'insert a backbone element by parts',
      CONTACT,
      [insert('Patient.contact', 0, parts(part('gender', '"valueCode":"other"')))],
      CONTACT.replace('[', '[{"gender":"other"},'),
    ],
    ['delete from a list', IDS('a', 'b', 'c'), [remove('Patient.identifier[1]')], IDS('a', 'c')],
    ['delete the one that matches', IDS('a', 'b', 'c'), [remove("Patient.identifier.where(value = 'c')")], IDS('a', 'b')],
    ['move back', IDS('a', 'b', 'c', 'd'), [move('Patient.identifier', 3, 1)], IDS('a', 'd', 'b', 'c')],
    ['move to the start', IDS('a', 'b', 'c', 'd'), [move('Patient.identifier', 3, 0)], IDS('d', 'a', 'b', 'c')],
    ['move one up', IDS('a', 'b', 'c', 'd'), [move('Patient.identifier', 3, 2)], IDS('a', 'b', 'd', 'c')],
    ['move to the end', IDS('a', 'b', 'c', 'd'), [move('Patient.identifier', 0, 3)], IDS('b', 'c', 'd', 'a')],
    ['move twice', IDS('a', 'b', 'c', 'd'), [move('Patient.identifier', 1, 0), move('Patient.identifier', 2, 1)], IDS('b', 'c', 'a', 'd')],
    [
      'turn a list round',
      IDS('a', 'b', 'c', 'd'),
      [move('Patient.identifier', 3, 0), move('Patient.identifier', 3, 1), move('Patient.identifier', 3, 2)],
      IDS('d', 'c', 'b', 'a'),
    ],
    [
      'later operations see earlier ones',
      CONTACT,
      [
        add('Patient', 'contact', parts(part('gender', '"valueCode":"male"'))),
        replace('Patient.contact[1].gender', value('"valueCode":"other"')),
      ],
      CONTACT.replace('}]', '},{"gender":"other"}]'),
    ],
    ['add a choice', '', [add('Patient', 'deceased', value('"valueBoolean":true'))], '"deceasedBoolean":true'],
    ['add a choice by its JSON name', '', [add('Patient', 'deceasedBoolean', value('"valueBoolean":true'))], '"deceasedBoolean":true'],
    [
      'replace a choice by another type, in its place',
      `"deceasedBoolean":false,${BORN}`,
      [replace('Patient.deceased', value('"valueDateTime":"2020"'))],
      `"deceasedDateTime":"2020",${BORN}`,
    ],
    ['delete a choice', `"deceasedBoolean":false,${BORN}`, [remove('Patient.deceased')], BORN],
    [
      'add an extension',
      '',
      [add('Patient', 'extension', value('"valueExtension":{"url":"http://a","valueDecimal":1.50}'))],
      '"extension":[{"url":"http://a","valueDecimal":1.50}]',
    ],
    [
      'add an extension by parts',
      '',
      [add('Patient', 'extension', parts(part('url', '"valueUri":"http://a"'), part('value', '"valueDecimal":1.50')))],
      '"extension":[{"url":"http://a","valueDecimal":1.50}]',
    ],
    [
      'replace the value of an extension',
      '"extension":[{"url":"http://a","valueString":"x"}]',
      [replace("Patient.extension('http://a').value", value('"valueCode":"y"'))],
      '"extension":[{"url":"http://a","valueCode":"y"}]',
    ],
    [
      'add an extension to a primitive',
      BORN,
      [add('Patient.birthDate', 'extension', value('"valueExtension":{"url":"http://t","valueDateTime":"1931"}'))],
      `${BORN},"_birthDate":{"extension":[{"url":"http://t","valueDateTime":"1931"}]}`,
    ],
    [
      'delete the extension of a primitive',
      `${BORN},"_birthDate":{"extension":[{"url":"http://t"}]}`,
      [remove('Patient.birthDate.extension')],
      BORN,
    ],
    [
      'a replaced primitive takes its extensions along',
      `${BORN},"_birthDate":{"id":"x"}`,
      [replace('Patient.birthDate', value('"valueDate":"2000","_valueDate":{"id":"y"}'))],
      '"birthDate":"2000","_birthDate":{"id":"y"}',
    ],
    [
      'and loses them',
      `${BORN},"_birthDate":{"id":"x"}`,
      [replace('Patient.birthDate', value('"valueDate":"2000"'))],
      '"birthDate":"2000"',
    ],
    [
      'lists of primitives: insert keeps extensions in step',
      NAME,
      [insert('Patient.name[0].given', 0, value('"valueString":"Eve"'))],
      '"name":[{"family":"Okoro","given":["Eve","Ada","Bea"],"_given":[null,{"id":"g1"},null]}]',
    ],
    [
      'lists of primitives: move',
      NAME,
      [move('Patient.name.given', 0, 1)],
      '"name":[{"family":"Okoro","given":["Bea","Ada"],"_given":[null,{"id":"g1"}]}]',
    ],
    ['lists of primitives: delete', NAME, [remove('Patient.name.given[0]')], '"name":[{"family":"Okoro","given":["Bea"]}]'],
    [
      'into a contained resource',
      '"contained":[{"resourceType":"Observation","id":"o","valueQuantity":{"value":7.00}}]',
      [
        replace('Patient.contained[0].value.value', value('"valueDecimal":7.10')),
        add('Patient.contained[0]', 'status', value('"valueCode":"final"')),
      ],
      '"contained":[{"resourceType":"Observation","id":"o","valueQuantity":{"value":7.10},"status":"final"}]',
    ],
    [
      'add a contained resource',
      '',
      [add('Patient', 'contained', value('"resource":{"resourceType":"Basic","id":"b"}'))],
      '"contained":[{"resourceType":"Basic","id":"b"}]',
    ],
    ['a path without the type', BORN, [replace('birthDate', value('"valueDate":"1932"'))], '"birthDate":"1932"'],
    ['a path by %resource', BORN, [remove('%resource.birthDate')], ''],
    [
      'narrative as a string',
      '"text":{"status":"empty","div":"<div/>"}',
      [replace('Patient.text.div', value('"valueString":"<div>x</div>"'))],
      '"text":{"status":"empty","div":"<div>x</div>"}',
    ],
    [
      'what is not touched keeps its digits',
      '"extension":[{"url":"http://a","valueDecimal":1.000}],"active":true',
      [remove('Patient.active')],
      '"extension":[{"url":"http://a","valueDecimal":1.000}]',
    ],
  ])('%s', (_name, before, operations, after) => expect(patched(patient(before), ...operations)).toBe(patient(after)));

  test.each<[string, string, string]>([
    ['no element', BORN, replace('Patient.gender', value('"valueCode":"male"'))],
    ['several elements to delete', IDS('a', 'b'), remove('Patient.identifier')],
    ['several elements to replace', IDS('a', 'b'), replace('Patient.identifier', value('"valueIdentifier":{}'))],
    ['several to add to', IDS('a', 'b'), add('Patient.identifier', 'value', value('"valueString":"x"'))],
    ['an element that is there already', BORN, add('Patient', 'birthDate', value('"valueDate":"2000"'))],
    ['a choice that is there already', '"deceasedBoolean":true', add('Patient', 'deceased', value('"valueDateTime":"2000"'))],
    ['no such element of the type', '', add('Patient', 'status', value('"valueCode":"x"'))],
    ['no such choice', '', add('Patient', 'deceased', value('"valueString":"x"'))],
    ['a primitive where a complex belongs', '', add('Patient', 'maritalStatus', value('"valueString":"x"'))],
    ['a complex where a primitive belongs', '', add('Patient', 'birthDate', value('"valuePeriod":{}'))],
    ['parts for a primitive', '', add('Patient', 'birthDate', parts(part('x', '"valueString":"y"')))],
    [
      'the owner is not there',
      '"identifier":[{"value":"1"}]',
      add("Patient.identifier.where(value='1').period", 'end', value('"valueDateTime":"2021"')),
    ],
    ['insert beyond the end', IDS('a'), insert('Patient.identifier', 2, value('"valueIdentifier":{"value":"c"}'))],
    ['insert beyond an empty list', '', insert('Patient.identifier', 1, value('"valueIdentifier":{"value":"c"}'))],
    ['insert into what is no list', BORN, insert('Patient.birthDate', 0, value('"valueDate":"2000"'))],
    ['insert into no list, empty', '', insert('Patient.birthDate', 0, value('"valueDate":"2000"'))],
    [
      'insert into part of a list',
      IDS('a', 'b'),
      insert("Patient.identifier.where(value='b')", 0, value('"valueIdentifier":{"value":"c"}')),
    ],
    ['insert into two lists', '"name":[{"given":["a"]},{"given":["b"]}]', insert('Patient.name.given', 0, value('"valueString":"c"'))],
    ['move from beyond the end', IDS('a', 'b'), move('Patient.identifier', 2, 0)],
    ['move beyond the end', IDS('a', 'b'), move('Patient.identifier', 0, 2)],
    ['move in nothing', '', move('Patient.identifier', 0, 0)],
    ['the resource itself', BORN, remove('Patient')],
    ['a computed value', BORN, remove('Patient.birthDate.toString()')],
    ['a literal', BORN, replace("'x'", value('"valueString":"y"'))],
    [
      'another resource',
      '"managingOrganization":{"reference":"http://127.0.0.1:1/Organization/1"}',
      remove('Patient.managingOrganization.resolve().name'),
    ],
    ['a regular expression', IDS('a'), remove("Patient.identifier.where(value.matches('(a+)+$'))")],
    ['a hidden regular expression', IDS('a'), remove("Patient.identifier.where(value.`matches` /* x */ ('(a+)+$'))")],
    ['the second of two operations', BORN, `${remove('Patient.birthDate')},${replace('Patient.birthDate', value('"valueDate":"2000"'))}`],
  ])('422: %s', (_name, before, operations) => {
    const error = refusal(() => patched(patient(before), operations));
    expect([error.status, error.issues[0]?.expression?.[0]]).toEqual([422, expect.stringMatching(/^Parameters/)]);
  });

  test.each<[string, string]>([
    ['no Parameters', '{"resourceType":"Patient"}'],
    ['not even an object', '[]'],
    ['another parameter', '{"resourceType":"Parameters","parameter":[{"name":"op"}]}'],
    ['no type', '{"resourceType":"Parameters","parameter":[{"name":"operation"}]}'],
    ['unknown type', parameters(operation('copy', 'Patient'))],
    ['no path', parameters(`{"name":"operation","part":[${part('type', '"valueCode":"delete"')}]}`)],
    ['a path that is no FHIRPath', parameters(remove('Patient.where('))],
    ['no value', parameters(replace('Patient.birthDate', text('x', 'y')))],
    ['two values', parameters(replace('Patient.birthDate', value('"valueDate":"2000","valueString":"x"')))],
    ['an empty value', parameters(replace('Patient.birthDate', '{"name":"value"}'))],
    ['no name', parameters(operation('add', 'Patient', value('"valueDate":"2000"')))],
    ['no index', parameters(operation('insert', 'Patient.identifier', value('"valueIdentifier":{}')))],
    ['a negative index', parameters(insert('Patient.identifier', -1, value('"valueIdentifier":{}')))],
    ['an index as text', parameters(operation('insert', 'Patient.identifier', text('index', '0'), value('"valueIdentifier":{}')))],
    ['no destination', parameters(operation('move', 'Patient.identifier', number('source', 0)))],
    ['a part twice', parameters(operation('delete', 'Patient.a', text('path', 'Patient.b')))],
  ])('400: %s', (_name, patch) => {
    expect(refusal(() => applyFhirPathPatch(patient(BORN), patch, definitions)).status).toBe(400);
  });

  test('patches a resource of any type, a backbone in a backbone too', () => {
    const questionnaire = '{"resourceType":"Questionnaire","item":[{"linkId":"1","item":[{"linkId":"1.1"}]}]}';
    const patch = parameters(add('Questionnaire.item.item', 'item', parts(part('linkId', '"valueString":"1.1.1"'))));
    expect(applyFhirPathPatch(questionnaire, patch, definitions)).toBe(
      questionnaire.replace('"1.1"}', '"1.1","item":[{"linkId":"1.1.1"}]}'),
    );
  });

  test('a value put in twice is two values', () => {
    const twice = value('"valueIdentifier":{"value":"c"}');
    const operations = [
      add('Patient', 'identifier', twice),
      add('Patient', 'identifier', twice),
      replace('Patient.identifier[0].value', value('"valueString":"d"')),
    ];
    expect(patched(patient(''), ...operations)).toBe(patient(IDS('d', 'c')));
  });
});

function refusal(run: () => unknown): FhirError {
  try {
    run();
  } catch (error) {
    if (error instanceof FhirError) return error;
    throw error;
  }
  throw new Error('was applied');
}
