import { describeStoreContract } from '../../src/store/contract/store-contract.ts';
import { migrateMongo } from '../../src/store/mongo/migrate.ts';
import { createMongoStore } from '../../src/store/mongo/mongo-store.ts';
import { testMongo } from '../support/databases.ts';
import { withSealedIds } from './sealed.ts';

const { mongodbUri, databaseName } = await testMongo();
const types = { a: 'Observation', b: 'Condition' };

describeStoreContract(
  'MongoDB under encryption',
  async () => {
    const store = await createMongoStore({ uri: mongodbUri, types: Object.values(types), isOwnerType: (type) => type === 'Patient' });
    await migrateMongo(store.collections.client, databaseName);
    return { store: withSealedIds(store, Object.values(types)), close: store.close };
  },
  { types },
);
