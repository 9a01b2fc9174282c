/** A resource that somebody else holds: a transaction that a killed gateway left open, until the server ends it. */
import { randomUUID } from 'node:crypto';
import { MongoClient } from 'mongodb';
import { expect, test } from 'vitest';
import { testDatabases } from '../support/databases.ts';
import { gatewaysOfATest, onStores } from '../support/gateway-process.ts';

const databases = await testDatabases();
const { freshFolder, start } = gatewaysOfATest();

const transaction = (...resources: readonly { readonly resourceType: string; readonly id: string }[]) => ({
  resourceType: 'Bundle',
  type: 'transaction',
  entry: resources.map((resource) => ({ resource, request: { method: 'PUT', url: `${resource.resourceType}/${resource.id}` } })),
});
/** Of a patient that no other try has used. */
function recordOf(id: string) {
  const subject = { reference: `Patient/${id}` };
  return {
    patient: (birthDate: string) => ({ resourceType: 'Patient', id, birthDate }),
    observation: { resourceType: 'Observation', id, status: 'final', code: { text: 'x' }, subject },
    encounter: { resourceType: 'Encounter', id, status: 'planned', class: { code: 'AMB' }, subject },
  };
}

test('is refused to every kind of write with a reason, read by everybody, and written when it is free again', {
  timeout: 120_000,
}, async () => {
  const id = randomUUID();
  const { patient, observation, encounter } = recordOf(id);
  const { ask } = await start({ dataDir: await freshFolder(), ...onStores(databases) });
  expect((await ask('PUT', `Patient/${id}`, patient('1990-01-01'))).status).toBe(201);

  const other = new MongoClient(databases.mongodbUri);
  const session = other.startSession();
  try {
    session.startTransaction();
    const held = await other
      .db()
      .collection('resources')
      .updateMany({ type: 'Patient', id }, { $set: { hand: 1 } }, { session });
    expect(held.modifiedCount).toBe(1);

    const writes = await Promise.all([
      ask('PUT', `Patient/${id}`, patient('1991-01-01')),
      ask('POST', '', transaction(patient('1992-01-01'), observation)),
      ask('POST', '', transaction(patient('1993-01-01'), encounter)),
    ]);
    for (const { status, text, headers } of writes) {
      expect(status, text).toBe(503);
      expect(Number(headers.get('Retry-After'))).toBeGreaterThan(0);
    }
    expect((await ask('GET', `Patient/${id}`)).json).toMatchObject({ birthDate: '1990-01-01', meta: { versionId: '1' } });
    expect((await ask('GET', `Encounter/${id}`)).status).toBe(404);
  } finally {
    await session.abortTransaction().catch(() => undefined);
    await session.endSession();
    await other.close();
  }
  const { status, text } = await ask('POST', '', transaction(patient('1994-01-01'), observation, encounter));
  expect(status, text).toBe(200);
  expect((await ask('GET', `Patient/${id}/_history`)).json.total).toBe(2);
});
