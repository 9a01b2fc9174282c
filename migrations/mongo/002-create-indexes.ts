/**
 * The indexes of the store: few, because each one is paid by every write, and never two array fields in one.
 * What each saves a read is told in `docs/decisions`.
 */
import type { MigrationTarget } from './index.ts';

export async function createIndexes({ client, databaseName }: MigrationTarget): Promise<void> {
  const database = client.db(databaseName);
  await database.collection('resources').createIndexes([
    { name: 'equality', key: { s: 1, _id: 1 }, sparse: true },
    { name: 'range', key: { 'r.k': 1, 'r.lo': 1, _id: 1 }, sparse: true },
    { name: 'patient_code', key: { pc: 1, d: -1, _id: 1 }, sparse: true },
    { name: 'patient_type', key: { patients: 1, type: 1, d: -1, _id: 1 }, sparse: true },
    { name: 'type_time', key: { type: 1, at: -1, _id: 1 } },
  ]);
  await database.collection('history').createIndexes([{ name: 'type_time', key: { type: 1, at: -1, _id: 1 } }]);
}
