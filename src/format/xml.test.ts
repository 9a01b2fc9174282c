import { describe, expect, test } from 'vitest';
import { createRandom, seedFrom } from '../../tests/support/random.ts';
import { readSynthea } from '../../tests/support/synthea.ts';
import { loadDefinitions } from '../definitions/load.ts';
import { FhirError } from '../model/error.ts';
import { type JsonTree, parseLossless, printLossless } from '../model/lossless-json.ts';
import { jsonToXml, xmlToJson } from './xml.ts';

const definitions = loadDefinitions();
const NS = 'xmlns="http://hl7.org/fhir"';
const DIV = '<div xmlns="http://www.w3.org/1999/xhtml">';
const HEAD = '<?xml version="1.0" encoding="UTF-8"?>';

/** The same for trees that differ only in the order of members. */
function canonical(tree: JsonTree): string {
  return printLossless(sorted(tree));
}

function sorted(tree: JsonTree): JsonTree {
  if (Array.isArray(tree)) return tree.map(sorted);
  if (!(tree instanceof Map)) return tree;
  const members = [...tree].sort(([left], [right]) => (left < right ? -1 : 1));
  return new Map(members.map(([name, value]) => [name, sorted(value)]));
}

function expectRoundTrip(json: string): void {
  const back = xmlToJson(definitions, jsonToXml(definitions, json));
  // Not toEqual on megabytes: a difference would take minutes to print.
  const isSame = canonical(parseLossless(back)) === canonical(parseLossless(json));
  if (!isSame) expect(JSON.parse(back)).toEqual(JSON.parse(json));
  expect(isSame, 'number lexemes differ').toBe(true);
}

describe('the XML of JSON (https://hl7.org/fhir/R4/xml.html)', () => {
  test.each<[string, string, string]>([
    ['an empty resource', '{"resourceType":"Patient"}', `<Patient ${NS}/>`],
    [
      'elements in the order of the definitions',
      '{"gender":"male","active":true,"id":"1","resourceType":"Patient"}',
      `<Patient ${NS}><id value="1"/><active value="true"/><gender value="male"/></Patient>`,
    ],
    [
      'number lexemes',
      '{"resourceType":"Observation","valueQuantity":{"value":1.00},"component":[{"valueQuantity":{"value":1e3}},{"valueInteger":-0}]}',
      `<Observation ${NS}><valueQuantity><value value="1.00"/></valueQuantity><component><valueQuantity><value value="1e3"/></valueQuantity></component><component><valueInteger value="-0"/></component></Observation>`,
    ],
    [
      'ids and extensions of primitives',
      '{"resourceType":"Patient","_birthDate":{"id":"a","extension":[{"id":"b","url":"u:x","valueCode":"y"}]},"birthDate":"1970","gender":"male","_gender":{"id":"c"}}',
      `<Patient ${NS}><gender id="c" value="male"/><birthDate id="a" value="1970"><extension id="b" url="u:x"><valueCode value="y"/></extension></birthDate></Patient>`,
    ],
    [
      'lists with places left out',
      '{"resourceType":"Patient","name":[{"given":["A",null,"C"],"_given":[null,{"extension":[{"url":"u:x","valueCode":"y"}]},{"id":"c"}]}]}',
      `<Patient ${NS}><name><given value="A"/><given><extension url="u:x"><valueCode value="y"/></extension></given><given id="c" value="C"/></name></Patient>`,
    ],
    [
      'contained resources',
      '{"resourceType":"Patient","contained":[{"resourceType":"Organization","id":"o","name":"x"},{"resourceType":"Basic","id":"b"}]}',
      `<Patient ${NS}><contained><Organization><id value="o"/><name value="x"/></Organization></contained><contained><Basic><id value="b"/></Basic></contained></Patient>`,
    ],
    [
      'resources of a Bundle',
      '{"resourceType":"Bundle","type":"batch-response","entry":[{"resource":{"resourceType":"Patient"},"response":{"status":"200","outcome":{"resourceType":"OperationOutcome"}}}]}',
      `<Bundle ${NS}><type value="batch-response"/><entry><resource><Patient/></resource><response><status value="200"/><outcome><OperationOutcome/></outcome></response></entry></Bundle>`,
    ],
    [
      'the narrative as it is',
      `{"resourceType":"Patient","text":{"status":"generated","div":"${DIV.replaceAll('"', '\\"')}\\n  <p>a &amp; b</p><!-- c --></div>"}}`,
      `<Patient ${NS}><text><status value="generated"/>${DIV}\n  <p>a &amp; b</p><!-- c --></div></text></Patient>`,
    ],
    [
      'characters with a meaning, and white space',
      String.raw`{"resourceType":"Patient","name":[{"text":"a<b>&\"c\"\n\t\r 'é😀"}]}`,
      `<Patient ${NS}><name><text value="a&lt;b&gt;&amp;&quot;c&quot;&#xA;&#x9;&#xD; 'é😀"/></name></Patient>`,
    ],
  ])('%s, both ways', (_, json, xml) => {
    expect(jsonToXml(definitions, json)).toBe(HEAD + xml);
    expect(canonical(parseLossless(xmlToJson(definitions, xml)))).toBe(canonical(parseLossless(json)));
  });

  test('indented', () => {
    const json = '{"resourceType":"Patient","id":"1","name":[{"family":"x"}]}';
    const xml = jsonToXml(definitions, json, { pretty: true });
    expect(xml).toBe(`${HEAD}\n<Patient ${NS}>\n  <id value="1"/>\n  <name>\n    <family value="x"/>\n  </name>\n</Patient>`);
    expect(xmlToJson(definitions, xml)).toBe(json);
  });

  test.each<[string, string]>([
    ['an unknown member', '{"resourceType":"Patient","foo":1}'],
    ['an unknown type', '{"resourceType":"Foo"}'],
    ['no resource', '[]'],
    ['a value for an object', '{"resourceType":"Patient","name":["x"]}'],
    ['an object for a value', '{"resourceType":"Patient","birthDate":{"$gt":""}}'],
    ['a character that XML lacks', '{"resourceType":"Patient","name":[{"text":"\\uffff"}]}'],
  ])('refuses %s', (_, json) => {
    expect(() => jsonToXml(definitions, json)).toThrow(expect.objectContaining({ status: 406 }));
  });
});

describe('the JSON of XML', () => {
  test.each<[string, string, string]>([
    [
      'comments, instructions and white space left out',
      `${HEAD}<!-- a --><?x y?>\n<Patient ${NS}>\n <!-- b --><id value="1"/>\n</Patient>\n`,
      '{"resourceType":"Patient","id":"1"}',
    ],
    ['prefixes', '<f:Patient xmlns:f="http://hl7.org/fhir"><f:id value="1"/></f:Patient>', '{"resourceType":"Patient","id":"1"}'],
    [
      'a schema location',
      `<Patient ${NS} xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:schemaLocation="x y"/>`,
      '{"resourceType":"Patient"}',
    ],
    [
      'any order, lists apart',
      `<Patient ${NS}><name><text value="a"/></name><gender value="male"/><name><text value="b"/></name></Patient>`,
      '{"resourceType":"Patient","name":[{"text":"a"},{"text":"b"}],"gender":"male"}',
    ],
    [
      'predefined entities and character references',
      `<Patient ${NS}><language value="&lt;&#x41;&#66;&quot;"/></Patient>`,
      '{"resourceType":"Patient","language":"<AB\\""}',
    ],
    ['a byte order mark', `\uFEFF<Patient ${NS}/>`, '{"resourceType":"Patient"}'],
    [
      'a narrative with a prefix',
      `<Patient ${NS} xmlns:h="http://www.w3.org/1999/xhtml"><text><h:div><h:p class="a&amp;b">x &lt; y<h:br/></h:p></h:div></text></Patient>`,
      `{"resourceType":"Patient","text":{"div":${JSON.stringify(`${DIV}<p class="a&amp;b">x &lt; y<br/></p></div>`)}}}`,
    ],
  ])('%s', (_, xml, json) => {
    expect(xmlToJson(definitions, xml)).toBe(json);
  });

  const patient = (inner: string) => `<Patient ${NS}>\n${inner}</Patient>`;
  test.each<[string, string, string, string | undefined]>([
    [
      'a document type',
      `<!DOCTYPE Patient [<!ENTITY x SYSTEM "file:///etc/passwd">]><Patient ${NS}/>`,
      'document type declaration',
      undefined,
    ],
    [
      'a bomb of entities',
      `<!DOCTYPE x [<!ENTITY a "aa"><!ENTITY b "&a;&a;">]><Patient ${NS}><id value="&b;"/></Patient>`,
      'document type declaration',
      undefined,
    ],
    ['an unknown entity', patient('<id value="&nbsp;"/>'), 'line 2, column', 'Patient'],
    ['text that is no XML', '{"resourceType":"Patient"}', 'line 1', undefined],
    ['nothing', '', 'XML: line 1', undefined],
    ['a tag left open', `<Patient ${NS}><name>`, 'unclosed tag', 'Patient.name'],
    ['another namespace', '<Patient xmlns="http://e.org"/>', 'not in the namespace http://hl7.org/fhir', undefined],
    ['no namespace', '<Patient/>', 'not in the namespace', undefined],
    ['an unknown type', `<Pateint ${NS}/>`, '"Pateint" is not a resource type', undefined],
    ['an unknown element', patient('<name><givn value="x"/></name>'), 'HumanName has no element "givn"', 'Patient.name'],
    ['an unknown attribute', patient('<active valeu="true"/>'), 'the element active has no attribute "valeu"', 'Patient'],
    ['a value on an object', patient('<name value="x"/>'), 'has no attribute "value"', 'Patient'],
    [
      'an attribute written as an element',
      patient('<extension><url value="u:x"/></extension>'),
      'Extension has no element "url"',
      'Patient.extension',
    ],
    ['text between elements', patient('x'), 'text where only elements may be: "x"', 'Patient'],
    ['a number that is none', `<Observation ${NS}><valueInteger value="01"/></Observation>`, '"01" is not a number', 'Observation'],
    ['a boolean that is none', patient('<active value="1"/>'), '"1" is neither true nor false', 'Patient'],
    ['two of what may be there once', patient('<active value="true"/><active value="false"/>'), 'active may be there once only', 'Patient'],
    ['an element without a value', patient('<gender/>'), 'gender has neither a value nor extensions', 'Patient'],
    ['an element without anything', patient('<name/>'), 'name is empty', 'Patient.name'],
    ['contained without a resource', patient('<contained/>'), 'contained holds no resource', 'Patient'],
    ['contained with two', patient('<contained><Basic/><Basic/></contained>'), 'contained may hold one resource only', 'Patient.contained'],
    ['a narrative in the wrong namespace', patient('<text><div>x</div></text>'), 'text where only', 'Patient.text.div'],
    ['deep nesting', `<Patient ${NS}>${'<extension url="x">'.repeat(10_000)}`, 'nested over', undefined],
  ])('refuses %s', (_, xml, message, place) => {
    const error = errorOf(() => xmlToJson(definitions, xml));
    expect(error).toMatchObject({ status: 400 });
    expect(error.message).toMatch(/^XML: line \d+, column \d+: /);
    expect(error.message).toContain(message);
    if (place !== undefined) expect(error.issues[0]?.expression).toEqual([place]);
  });

  function errorOf(run: () => unknown): FhirError {
    try {
      run();
    } catch (error) {
      if (error instanceof FhirError) return error;
      throw error;
    }
    throw new Error('not refused');
  }
});

const seed = seedFrom('FUZZ_SEED');

test(`broken XML is refused, never a crash (FUZZ_SEED=${seed})`, { timeout: 60_000 }, () => {
  const random = createRandom(seed);
  const { entry } = JSON.parse(readSynthea('Kandis954')[0]?.text ?? '') as { entry: { resource: object }[] };
  const xml = jsonToXml(definitions, JSON.stringify(entry[0]?.resource), { pretty: true });
  const pieces = [
    '<',
    '>',
    '/',
    '"',
    "'",
    '&',
    '=',
    ' ',
    '&#0;',
    '<!--',
    ']]>',
    '<![CDATA[',
    '<?',
    'xmlns=""',
    'xmlns:x="y"',
    '__proto__',
    'constructor',
    '<div xmlns="http://www.w3.org/1999/xhtml">',
  ];
  for (let round = 0; round < 2000; round += 1) {
    const at = random.below(xml.length);
    const broken = xml.slice(0, at) + random.pick(pieces) + xml.slice(at + random.below(6));
    try {
      JSON.parse(xmlToJson(definitions, broken));
    } catch (error) {
      expect(error).toBeInstanceOf(FhirError);
    }
  }
});

describe('round trips', () => {
  test.each(readSynthea().map(({ name, text }) => [name, text] as const))('%s', { timeout: 60_000 }, (_, text) => {
    expectRoundTrip(text);
  });
});
