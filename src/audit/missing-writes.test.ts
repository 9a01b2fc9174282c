import { describe, expect, test } from 'vitest';
import type { ResourceVersion } from '../model/resource.ts';
import { recordMissingWrites } from './missing-writes.ts';
import type { AuditRecord } from './record.ts';

const version = (id: string, request: string, changes: Partial<ResourceVersion> = {}): ResourceVersion => ({
  type: 'Observation',
  id,
  rk: '0000000000',
  version: 1,
  at: 1_000_000,
  deleted: false,
  raw: `{"subject":{"reference":"Patient/p-${id}"}}`,
  by: { client: 'app', subject: 'dr-a', request },
  method: 'POST',
  ...changes,
});

async function missing(versions: readonly ResourceVersion[], events: { request: string; entities: string[] }[]) {
  const kept: Omit<AuditRecord, 'recorded'>[] = [];
  const asked: number[] = [];
  const found = await recordMissingWrites(
    {
      sink: {
        eventsSince: async (since) => {
          asked.push(since);
          return events;
        },
      },
      versionsMade: async function* (from, until) {
        asked.push(from, until);
        yield versions.slice(0, 1);
        yield versions.slice(1);
      },
      keep: (record) => kept.push(record),
    },
    1_000_000,
    2_000_000,
  );
  expect(found).toBe(kept.length);
  return { kept, asked };
}

describe('writes without an event', () => {
  test('get one, as far as the version tells it', async () => {
    const { kept, asked } = await missing(
      [version('1', 'r1'), version('2', 'r2', { version: 3, method: 'PUT' })],
      [{ request: 'r1', entities: ['Observation/1/_history/1'] }],
    );
    expect(kept).toEqual([
      expect.objectContaining({
        interaction: 'update',
        request: 'r2',
        client: 'app',
        subject: 'dr-a',
        entities: ['Observation/2/_history/3'],
        patients: ['p-2'],
        note: expect.stringContaining('1970-01-01T00:16:40.000Z'),
      }),
    ]);
    expect(asked).toEqual([940_000, 2_000_000, 940_000]);
  });

  test('a request’s own id is no proof: clients may use one twice', async () => {
    const { kept } = await missing([version('1', 'same')], [{ request: 'same', entities: ['Observation/9/_history/1'] }]);
    expect(kept).toHaveLength(1);
  });

  test('several of one request are one transaction', async () => {
    const { kept } = await missing([version('1', 'r1'), version('2', 'r1'), version('3', 'r2', { deleted: true, raw: '' })], []);
    expect(kept.map(({ interaction, entities, patients }) => ({ interaction, entities, patients }))).toEqual([
      { interaction: 'transaction', entities: ['Observation/1/_history/1', 'Observation/2/_history/1'], patients: ['p-1', 'p-2'] },
      { interaction: 'delete', entities: ['Observation/3/_history/1'], patients: [] },
    ]);
  });

  test('a Bundle’s event speaks for its deletions, which it does not name', async () => {
    const deletion = version('1', 'bundle', { deleted: true, version: 2 });
    expect((await missing([deletion], [{ request: 'bundle', entities: [] }])).kept).toEqual([]);
    expect((await missing([deletion], [{ request: 'bundle', entities: ['Observation/2/_history/1'] }])).kept).toHaveLength(1);
  });
});
