import { describe, expect, test } from 'vitest';
import { loadTerminology } from '../definitions/load.ts';
import { expandValueSet } from './expand.ts';
import { publishedTerminology } from './published.ts';
import type { CodeSystem, ComposePart, TerminologySource, ValueSet } from './resources.ts';

const animals: CodeSystem = {
  resourceType: 'CodeSystem',
  url: 'http://animals',
  content: 'complete',
  concept: [
    {
      code: 'animal',
      concept: [{ code: 'cat', property: [{ code: 'legs', valueInteger: 4 }], concept: [{ code: 'tabby' }] }, { code: 'snake' }],
    },
    { code: 'pet', property: [{ code: 'child', valueCode: 'tabby' }] },
    {
      code: 'gone',
      property: [
        { code: 'inactive', valueBoolean: true },
        { code: 'parent', valueCode: 'pet' },
      ],
    },
  ],
};

const include = (...parts: ComposePart[]): ValueSet => ({ resourceType: 'ValueSet', compose: { include: parts } });
const system = 'http://animals';

function sourceOf(sets: Readonly<Record<string, ValueSet>>): TerminologySource {
  return {
    codeSystem: async (url) => (url === system ? animals : url === 'http://part' ? { ...animals, content: 'fragment' } : undefined),
    valueSet: async (url) => sets[url],
  };
}

const codesOf = async (set: ValueSet, others: Readonly<Record<string, ValueSet>> = {}) => {
  const codes = await expandValueSet('it', sourceOf({ it: set, ...others }));
  return (codes[system] ?? []).toSorted();
};

describe('the codes of a value set (https://hl7.org/fhir/R4/valueset.html#compositions)', () => {
  test.each<[string, ComposePart, string[]]>([
    ['a whole system', { system }, ['animal', 'cat', 'gone', 'pet', 'snake', 'tabby']],
    ['listed codes, known or not', { system, concept: [{ code: 'cat' }, { code: 'dog' }] }, ['cat', 'dog']],
    ['is-a', { system, filter: [{ property: 'concept', op: 'is-a', value: 'animal' }] }, ['animal', 'cat', 'snake', 'tabby']],
    ['descendent-of', { system, filter: [{ property: 'concept', op: 'descendent-of', value: 'animal' }] }, ['cat', 'snake', 'tabby']],
    [
      'is-a over the properties child and parent',
      { system, filter: [{ property: 'concept', op: 'is-a', value: 'pet' }] },
      ['gone', 'pet', 'tabby'],
    ],
    ['is-not-a', { system, filter: [{ property: 'concept', op: 'is-not-a', value: 'animal' }] }, ['gone', 'pet']],
    ['generalizes', { system, filter: [{ property: 'concept', op: 'generalizes', value: 'tabby' }] }, ['animal', 'cat', 'pet', 'tabby']],
    ['a property', { system, filter: [{ property: 'legs', op: '=', value: '4' }] }, ['cat']],
    [
      'two filters',
      {
        system,
        filter: [
          { property: 'concept', op: 'is-a', value: 'animal' },
          { property: 'concept', op: 'is-a', value: 'pet' },
        ],
      },
      ['tabby'],
    ],
  ])('%s', async (_name, part, expected) => {
    expect(await codesOf(include(part))).toEqual(expected);
  });

  test('what is included less what is excluded', async () => {
    const set: ValueSet = {
      resourceType: 'ValueSet',
      compose: { include: [{ system }], exclude: [{ system, concept: [{ code: 'cat' }] }] },
    };
    expect(await codesOf(set)).toEqual(['animal', 'gone', 'pet', 'snake', 'tabby']);
  });

  test('without the inactive ones, if it says so', async () => {
    expect(await codesOf({ resourceType: 'ValueSet', compose: { inactive: false, include: [{ system }] } })).not.toContain('gone');
  });

  test('value sets of one include must all have the code, those of several any', async () => {
    const cats = include({ system, concept: [{ code: 'cat' }, { code: 'tabby' }] });
    const tabbies = include({ system, concept: [{ code: 'tabby' }] });
    expect(await codesOf(include({ valueSet: ['cats', 'tabbies'] }), { cats, tabbies })).toEqual(['tabby']);
    expect(await codesOf(include({ valueSet: ['cats'] }, { valueSet: ['tabbies'] }), { cats, tabbies })).toEqual(['cat', 'tabby']);
    expect(await codesOf(include({ system, concept: [{ code: 'snake' }], valueSet: ['cats'] }), { cats })).toEqual([]);
  });

  test('a stored expansion serves where the content can not be worked out, unless it is a page', async () => {
    const set = include({ system: 'http://loinc.org' });
    const contains = [
      { system, code: 'cat', contains: [{ system, code: 'tabby' }] },
      { system, code: 'x', abstract: true },
    ];
    expect(await codesOf({ ...set, expansion: { contains } })).toEqual(['cat', 'tabby']);
    await expect(codesOf({ ...set, expansion: { contains, total: 9 } })).rejects.toThrow('http://loinc.org');
  });

  test.each<[string, ValueSet, string]>([
    ['an unknown system', include({ system: 'http://x' }), 'the code system http://x, which is not known here'],
    ['a part of a system', include({ system: 'http://part' }), 'whose codes are not all known'],
    ['an unknown import', include({ valueSet: ['y'] }), 'imports y, which is not known here'],
    ['a circle', include({ valueSet: ['it'] }), 'imports itself: it → it'],
    [
      'a pattern',
      include({ system, filter: [{ property: 'code', op: 'regex', value: '(a+)+' }] }),
      '"code regex …", which is not supported',
    ],
    ['nothing', { resourceType: 'ValueSet' }, 'lists no codes'],
  ])('%s can not be expanded', async (_name, set, told) => {
    await expect(codesOf(set)).rejects.toThrow(told);
  });

  test('imports and codes are bounded', async () => {
    const limits = { mostImports: 3, mostCodes: 5 };
    await expect(expandValueSet('it', sourceOf({ it: include({ system }) }), limits)).rejects.toThrow('more than 5 codes');
    const wide = include({ valueSet: ['a'] }, { valueSet: ['a'] }, { valueSet: ['a'] });
    await expect(expandValueSet('it', sourceOf({ it: wide, a: include() }), limits)).rejects.toThrow('more than 3 value sets');
  });
});

describe("R4's own", () => {
  const published = publishedTerminology(loadTerminology);
  test('value sets with filters over hierarchies', async () => {
    const encounters = await expandValueSet('http://terminology.hl7.org/ValueSet/v3-ActEncounterCode', published);
    expect(encounters['http://terminology.hl7.org/CodeSystem/v3-ActCode']).toEqual(expect.arrayContaining(['AMB', 'IMP', 'ACUTE']));
  });

  test('a version that is not the published one is not known', async () => {
    expect(await published.valueSet('http://hl7.org/fhir/ValueSet/administrative-gender|3.0.0')).toBeUndefined();
    expect(await published.valueSet('http://hl7.org/fhir/ValueSet/administrative-gender|4.0.1')).toBeDefined();
  });

  test('that can be expanded are most', async () => {
    const sets = (loadTerminology() as ValueSet[]).filter(({ resourceType }) => resourceType === 'ValueSet');
    const outcomes = await Promise.allSettled(sets.map(({ url }) => expandValueSet(url ?? '', published)));
    expect(outcomes.filter(({ status }) => status === 'fulfilled').length).toBeGreaterThan(1150);
  });
});
