/** Records as AuditEvents: valid, and found by the keys that were kept of them. */
import { describe, expect, test } from 'vitest';
import { parseRecord, recordText } from '../../src/audit/record.ts';
import { auditEventOf, eventIdOf, placeOf } from '../../src/audit/render.ts';
import { keyedForm, keyOf, keysOf } from '../../src/audit/search-keys.ts';
import { loadDefinitions } from '../../src/definitions/load.ts';
import { createIndexer } from '../../src/search/parameters/indexer.ts';
import { createSearchRegistry } from '../../src/search/parameters/registry.ts';
import { createValidator } from '../../src/validation/validate.ts';
import { createRandom, seedFrom } from '../support/random.ts';
import { randomRecord } from './records.ts';

const seed = seedFrom('AUDIT_SEED');
const random = createRandom(seed);
const asMade = Array.from({ length: 300 }, (_, n) => randomRecord(random, n));
const records = asMade.map((record) => parseRecord(recordText(record)));
const definitions = loadDefinitions();
const indexer = createIndexer(createSearchRegistry(definitions), definitions, { baseUrl: 'http://localhost/fhir/R4' });
const validator = createValidator(definitions);

describe(`events of random records, AUDIT_SEED=${seed}`, () => {
  const events = records.map((record, i) => auditEventOf(record, { chain: 1, seq: i + 1, recorded: record.recorded }, 'GATEWAY'));

  test('are valid R4', () => {
    const problems = events.flatMap((event) => validator.validate(JSON.parse(JSON.stringify(event)), 'AuditEvent'));
    expect(problems.map(({ diagnostics }) => diagnostics)).toEqual([]);
  });

  test('come out of the line as they went in', () => {
    expect(records.map((record) => parseRecord(recordText(record)))).toEqual(
      records.map((record) => ({ ...record, subject: record.subject || record.client })),
    );
  });

  test('have a key for each entry that is looked up by key', () => {
    const missing = events.flatMap((event, i) => {
      const keys = new Set(keysOf(records[i] as (typeof records)[number]));
      const { s } = indexer.entries(event, { type: 'AuditEvent', id: event.id });
      return s.filter((entry) => {
        const form = keyedForm(entry);
        return form !== undefined && !keys.has(keyOf(form));
      });
    });
    expect(missing).toEqual([]);
  });
});

test('ids tell where an event lies, and sort as events do', () => {
  const places = [
    { recorded: Date.UTC(2026, 0, 1), chain: 2, seq: 9 },
    { recorded: Date.UTC(2026, 0, 1) + 1, chain: 1, seq: 10 },
    { recorded: Date.UTC(2199, 0, 1), chain: 1, seq: 5_000_000_000 },
  ];
  const ids = places.map(eventIdOf);
  expect(ids.map(placeOf)).toEqual(places);
  expect([...ids].sort()).toEqual(ids);
  expect(placeOf('0000000-1-1')).toBeUndefined();
});
