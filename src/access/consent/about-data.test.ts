import { expect, test } from 'vitest';
import { loadDefinitions } from '../../definitions/load.ts';
import { matches } from '../../search/expression/match.ts';
import { createLiveSearch } from '../../search/parameters/live-search.ts';
import { createTokens } from '../labels/labelled.ts';
import { createScopeQueries } from '../scope-query.ts';
import { createAboutData } from './about-data.ts';
import { createAuthors } from './authors.ts';

const BASE = 'http://localhost/fhir/R4';
const definitions = loadDefinitions();
const diagnosis = {
  url: 'urn:diagnosis',
  code: 'own-diagnosis',
  base: ['Claim'],
  type: 'token' as const,
  expression: 'Claim.diagnosis.diagnosis.ofType(CodeableConcept)',
};

test('a code that no parameter of R4 finds counts for a denial as long as one of the own is over its element', () => {
  const live = createLiveSearch(definitions, { baseUrl: BASE });
  const compileQuery = createScopeQueries({ registry: live.registry, baseUrl: BASE, now: () => 0, mostHops: 0, mostAlternatives: 10 });
  const data = createAboutData(live.registry, {
    hasToken: createTokens(compileQuery, live.registry),
    authors: createAuthors(live.registry, definitions),
    relatedTo: () => undefined,
  });
  const concept = { coding: [{ system: 'http://codes', code: 'hiv' }] };
  const key = { type: 'Claim', id: '1' };
  const isMeant = (extent: 'possibly' | 'certainly') => {
    const index = live.indexer.entries({ resourceType: 'Claim', ...key, diagnosis: [{ diagnosisCodeableConcept: concept }] }, key);
    return matches(data.coded('Claim', concept.coding, extent), { ...key, at: 0, index });
  };
  expect(isMeant('possibly')).toBe(false);
  live.use([{ name: 'diagnosis/1', definition: diagnosis, coverage: 50 }]);
  expect(isMeant('possibly')).toBe(false);
  live.use([{ name: 'diagnosis/1', definition: diagnosis, coverage: undefined }]);
  expect([isMeant('possibly'), isMeant('certainly')]).toEqual([true, false]);
  live.use([]);
  expect(isMeant('possibly')).toBe(false);
});
