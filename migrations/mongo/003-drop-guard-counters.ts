/** Guards were counters that stayed; now they are locks that are removed (docs/decisions/014). */
import type { MigrationTarget } from './index.ts';

export async function dropGuardCounters({ client, databaseName }: MigrationTarget): Promise<void> {
  await client
    .db(databaseName)
    .collection('guards')
    .deleteMany({ unit: { $exists: false } });
}
