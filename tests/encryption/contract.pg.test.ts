import { describeStoreContract } from '../../src/store/contract/store-contract.ts';
import { createPostgresStore } from '../../src/store/postgres/postgres-store.ts';
import { testPostgres } from '../support/databases.ts';
import { withSealedIds } from './sealed.ts';

const { databaseUrl } = await testPostgres();
const types = { a: 'Encounter', b: 'Claim' };

describeStoreContract(
  'PostgreSQL under encryption',
  async () => {
    const store = createPostgresStore({ url: databaseUrl, replicaUrls: [] });
    await store.migrate();
    return { store: withSealedIds(store, Object.values(types)), close: store.close };
  },
  { types },
);
