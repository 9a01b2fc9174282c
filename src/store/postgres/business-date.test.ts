import { describe, expect, test } from 'vitest';
import { loadDefinitions } from '../../definitions/load.ts';
import type { ResourceDraft } from '../../model/resource.ts';
import { createIndexer } from '../../search/parameters/indexer.ts';
import { createSearchRegistry } from '../../search/parameters/registry.ts';
import { ADMINISTRATIVE_TYPES } from '../placement/placement.ts';
import { ADMINISTRATIVE_TABLES, tableOf } from './business-date.ts';
import { placed } from './row.ts';

const definitions = loadDefinitions();
const indexer = createIndexer(createSearchRegistry(definitions), definitions, { baseUrl: 'http://localhost/fhir' });

/** `{period: {start}}` from "period.start"; a choice element is a dateTime. */
function resourceWith(type: string, element: string, date: string): object {
  const [first = '', second] = element.replace('[x]', 'DateTime').split('.');
  return { resourceType: type, [first]: second ? { [second]: date } : date };
}

function draftOf(type: string, resource: object): ResourceDraft {
  const index = indexer.entries(resource, { type, id: '1' });
  const by = { client: '', subject: '', request: '' };
  return { type, id: '1', rk: '0000000000', version: 1, at: 0, deleted: false, raw: '', by, method: 'POST', index };
}

describe('business dates', () => {
  test('are there for every type that PostgreSQL holds', () => {
    expect(new Set(ADMINISTRATIVE_TABLES.map(({ type }) => type))).toEqual(ADMINISTRATIVE_TYPES);
  });

  test.each(ADMINISTRATIVE_TABLES.map(({ type, element }) => [type, element] as const))('%s: %s', (type, element) => {
    const { businessAt, endsAt, ranges } = placed(tableOf(type), draftOf(type, resourceWith(type, element, '2024-05-06T07:08:09Z')));
    expect(new Date(businessAt).toISOString()).toBe('2024-05-06T07:08:09.000Z');
    if (tableOf(type).parameter) expect([endsAt >= businessAt, ranges]).toEqual([true, []]);
  });

  test('a year alone is its first instant', () => {
    expect(placed(tableOf('Claim'), draftOf('Claim', resourceWith('Claim', 'created', '2023'))).businessAt).toBe(Date.UTC(2023, 0));
  });

  test('an Encounter without a start has none', () => {
    const encounter = { resourceType: 'Encounter', period: { end: '2024-01-01' } };
    expect(placed(tableOf('Encounter'), draftOf('Encounter', encounter)).businessAt).toBe(Number.NEGATIVE_INFINITY);
  });
});
