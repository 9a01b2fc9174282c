/** Encryption switched on by one gateway while another runs. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, expect, test } from 'vitest';
import { newFieldKey } from '../../src/encryption/field-keys.ts';
import { openPlace, withGateway } from './gateways.ts';

const place = await openPlace();
afterAll(() => place.close());

const keys = newFieldKey('shared');
const on = { FIELD_ENCRYPTION: 'on', FIELD_ENCRYPTION_KEYS: keys };
const patient = (id: string, value: string) => ({ resourceType: 'Patient', id, identifier: [{ system: 'urn:hospital', value }] });

test('it waits for one that could not read what it writes', { timeout: 90_000 }, async () => {
  let isStarted = false;
  let later: Promise<void> = Promise.resolve();
  await withGateway(place, {}, async () => {
    later = withGateway(place, on, async () => {
      isStarted = true;
    });
    await sleep(5_000);
    expect(isStarted).toBe(false);
  });
  await later;
  expect(isStarted).toBe(true);
});

test('one that has the key, but does not encrypt yet, finds what the other writes and is found by it', { timeout: 90_000 }, async () => {
  await withGateway(place, { FIELD_ENCRYPTION: 'off', FIELD_ENCRYPTION_KEYS: keys }, (plain) =>
    withGateway(place, on, async (encrypting) => {
      expect((await plain('PUT', 'Patient/a', patient('a', 'plain-1'))).status).toBe(201);
      expect((await encrypting('PUT', 'Patient/b', patient('b', 'sealed-1'))).status).toBe(201);
      for (const ask of [plain, encrypting]) {
        for (const [value, id] of [
          ['plain-1', 'a'],
          ['sealed-1', 'b'],
        ]) {
          const { json } = await ask('GET', `Patient?identifier=urn:hospital|${value}`);
          expect(json.entry.map(({ resource }: { resource: { id: string } }) => resource.id)).toEqual([id]);
        }
      }
    }),
  );
});
