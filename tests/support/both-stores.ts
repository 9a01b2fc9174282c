/** Both real stores as the gateway composes them, over databases of a test. */
import { ulid } from 'ulid';
import { loadDefinitions } from '../../src/definitions/load.ts';
import { createMemoryStore } from '../../src/store/memory/memory-store.ts';
import { migrateMongo } from '../../src/store/mongo/migrate.ts';
import { createMongoStore } from '../../src/store/mongo/mongo-store.ts';
import { ownerTypes, storeOf } from '../../src/store/placement/placement.ts';
import { createPlacementStore } from '../../src/store/placement/placement-store.ts';
import { createTwoPhaseCommit } from '../../src/store/placement/two-phase.ts';
import { createPostgresStore } from '../../src/store/postgres/postgres-store.ts';
import type { ResourceStore } from '../../src/store/store.ts';

interface BothStores {
  readonly store: ResourceStore;
  /** The same clinical store beside PostgreSQL by another URL. */
  readonly withPostgres: (url: string) => ResourceStore;
  close(): Promise<void>;
}

/** Opens and migrates them. Events of the audit are kept in memory. */
export async function openBothStores({ mongodbUri, databaseUrl }: { mongodbUri: string; databaseUrl: string }): Promise<BothStores> {
  const definitions = loadDefinitions();
  const types = definitions.resourceTypes;
  const clinical = await createMongoStore({
    uri: mongodbUri,
    types: types.filter((type) => storeOf(type) === 'clinical'),
    isOwnerType: ownerTypes(definitions.compartments.Patient ?? {}),
  });
  await migrateMongo(clinical.collections.client, clinical.collections.databaseName);
  const administrative = createPostgresStore({ url: databaseUrl });
  await administrative.migrate();
  const twoPhase = createTwoPhaseCommit({ clinical, administrative, gatewayId: 'test', newUlid: ulid });
  const audit = createMemoryStore();
  const opened = [administrative];
  return {
    store: createPlacementStore({ clinical, administrative, audit, types, twoPhase }),
    withPostgres(url) {
      const other = createPostgresStore({ url });
      opened.push(other);
      return createPlacementStore({ clinical, administrative: other, audit, types, twoPhase });
    },
    async close() {
      await Promise.all([clinical, ...opened].map((each) => each.close()));
    },
  };
}
