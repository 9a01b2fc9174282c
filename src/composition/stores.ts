/** Both stores as the configuration names them. */
import { join } from 'node:path';
import { withDatabase } from '../config/load.ts';
import type { Config } from '../config/options.ts';
import type { Definitions } from '../definitions/definitions.ts';
import { migrateMongo } from '../store/mongo/migrate.ts';
import { createMongoStore, type MongoStore } from '../store/mongo/mongo-store.ts';
import { ownerTypes, storeOf } from '../store/placement/placement.ts';
import { createPostgresStore, type PostgresStore } from '../store/postgres/postgres-store.ts';
import type { ReadTerms } from '../store/read-terms.ts';
import type { RecordKeys } from '../store/record-keys.ts';
import type { Logger } from '../telemetry/logger.ts';

export interface Stores {
  readonly clinical: MongoStore;
  readonly administrative: PostgresStore;
}

/** Both stores, connected and migrated. */
export async function openStores(
  config: Config,
  definitions: Definitions,
  log: Logger,
  readTerms: () => ReadTerms | undefined,
  records: RecordKeys,
): Promise<Stores> {
  const clinical = await createMongoStore({
    uri: withDatabase(config.mongodbUri ?? ''),
    types: definitions.resourceTypes.filter((type) => storeOf(type) === 'clinical'),
    isOwnerType: ownerTypes(definitions.compartments.Patient ?? {}),
    readTerms,
    records,
  });
  const administrative = createPostgresStore({
    url: config.databaseUrl ?? '',
    replicaUrls: config.databaseReplicaUrls,
    readTerms,
    archiveDir: config.archiveDir ?? join(config.dataDir, 'archives'),
    log: (message) => log.warn(message, { store: 'postgres' }),
  });
  await Promise.all([migrateMongo(clinical.collections.client, clinical.collections.databaseName), administrative.migrate()]);
  return { clinical, administrative };
}
