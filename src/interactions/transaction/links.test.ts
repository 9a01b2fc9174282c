import { describe, expect, test } from 'vitest';
import { findLinks } from '../../definitions/links.ts';
import { loadDefinitions } from '../../definitions/load.ts';
import type { BundleEntry } from '../bundle/bundle-entry.ts';
import type { CheckedEntry } from './checked-entry.ts';
import { createLinkTargets, rewriteLinks } from './links.ts';

const definitions = loadDefinitions();
const A = 'urn:uuid:aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa';
const B = 'urn:uuid:bbbbbbbb-bbbb-4bbb-8bbb-bbbbbbbbbbbb';

function checked(text: string, fullUrl?: string): CheckedEntry {
  const tree = JSON.parse(text);
  const entry = { index: 4, fullUrl } as BundleEntry;
  return {
    entry,
    request: {} as CheckedEntry['request'],
    kind: 'create',
    resource: { type: tree.resourceType, text, tree },
    links: findLinks(definitions, tree),
  };
}

function rewritten(text: string, fullUrl?: string) {
  const targets = createLinkTargets(new Map([['Practitioner?identifier=a|b', 'Practitioner/9']]));
  targets.add(checked('{"resourceType":"Patient"}', A), { type: 'Patient', id: '1' });
  targets.add(checked('{"resourceType":"Patient"}', 'http://x.org/fhir/Patient/p'), { type: 'Patient', id: '2' });
  const entry = checked(text, fullUrl);
  const result = rewriteLinks(entry, targets);
  // Index entries come from the tree, so it must tell the same.
  expect(entry.resource?.tree).toEqual(JSON.parse(result));
  return result;
}

describe('links of a transaction (https://hl7.org/fhir/R4/http.html#trules)', () => {
  test('become what the entries became; everything else stays to the letter', () => {
    const text = `{"resourceType":"Observation", "subject" : {"reference":"${A}"},"performer":[{"reference":"Practitioner?identifier=a|b"},{"reference":"${A}"}],"valueQuantity":{"value":1.00}}`;
    expect(rewritten(text)).toBe(text.replaceAll(A, 'Patient/1').replace('Practitioner?identifier=a|b', 'Practitioner/9'));
  });

  test('the same text in an element that is no link stays', () => {
    const text = `{"resourceType":"Observation","subject":{"reference":"${A}"},"identifier":[{"value":"${A}"}]}`;
    expect(rewritten(text)).toBe(text.replace(A, 'Patient/1'));
  });

  test('a link written with escapes is found', () => {
    const text = `{"resourceType":"Observation","subject":{"reference":"urn:uuid:${'\\u0061'}${A.slice(10)}"}}`;
    expect(JSON.parse(rewritten(text)).subject.reference).toBe('Patient/1');
  });

  test('links in a narrative are rewritten, its other text not', () => {
    const text = JSON.stringify({
      resourceType: 'Basic',
      text: { status: 'generated', div: `<div><a href="${A}">${A}</a><img src='${B}'/></div>` },
    });
    expect(JSON.parse(rewritten(text)).text.div).toBe(`<div><a href="Patient/1">${A}</a><img src='${B}'/></div>`);
  });

  test('absolute fullUrls; relative references under the same server only', () => {
    const text = '{"resourceType":"Observation","subject":{"reference":"Patient/p"},"focus":[{"reference":"http://x.org/fhir/Patient/p"}]}';
    expect(JSON.parse(rewritten(text, 'http://x.org/fhir/Observation/o')).subject.reference).toBe('Patient/2');
    expect(JSON.parse(rewritten(text, 'http://y.org/fhir/Observation/o')).subject.reference).toBe('Patient/p');
    expect(JSON.parse(rewritten(text)).focus[0].reference).toBe('Patient/2');
  });

  test('a UUID of no entry is 400 with its place', () => {
    const text = `{"resourceType":"Observation","performer":[{"reference":"${A}"},{"reference":"${B}"}]}`;
    expect(() => rewritten(text)).toThrow(
      expect.objectContaining({
        status: 400,
        issues: [expect.objectContaining({ expression: ['Bundle.entry[4].resource.performer[1].reference'] })],
      }),
    );
  });
});
