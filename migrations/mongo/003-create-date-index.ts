/**
 * The index by which `_sort=-date` goes through a type without sorting it. Only for this order: each further one would be
 * paid by every write. What it costs and saves is told in decision 016.
 */
import type { MigrationTarget } from './index.ts';

export async function createDateIndex({ client, databaseName }: MigrationTarget): Promise<void> {
  await client.db(databaseName).collection('resources').createIndex({ type: 1, 'o.date.max': -1, _id: 1 }, { name: 'type_date' });
}
