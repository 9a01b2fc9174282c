import { testMongo } from '../../../tests/support/databases.ts';
import { describeStoreContract } from '../contract/store-contract.ts';
import { migrateMongo } from './migrate.ts';
import { createMongoStore } from './mongo-store.ts';

const { mongodbUri, databaseName } = await testMongo();

describeStoreContract(
  'the MongoDB store',
  async () => {
    const store = await createMongoStore({
      uri: mongodbUri,
      types: ['Observation', 'Condition'],
      isOwnerType: (type) => type === 'Patient',
    });
    await migrateMongo(store.collections.client, databaseName);
    return { store, close: store.close };
  },
  { types: { a: 'Observation', b: 'Condition' } },
);
