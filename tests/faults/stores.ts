/** The two stores over which the two-phase fault test commits. */
import { createMongoStore, type MongoStore } from '../../src/store/mongo/mongo-store.ts';
import { createPostgresStore, type PostgresStore } from '../../src/store/postgres/postgres-store.ts';

export async function openStores(
  mongodbUri: string,
  databaseUrl: string,
): Promise<{ clinical: MongoStore; administrative: PostgresStore }> {
  const clinical = await createMongoStore({
    uri: mongodbUri,
    types: ['Patient', 'Observation'],
    isOwnerType: (type) => type === 'Patient',
  });
  const administrative = createPostgresStore({ url: databaseUrl });
  return { clinical, administrative };
}
