import { testPostgres } from '../../../tests/support/databases.ts';
import { describeStoreContract } from '../contract/store-contract.ts';
import { createPostgresStore } from './postgres-store.ts';

const { databaseUrl } = await testPostgres();

describeStoreContract(
  'the PostgreSQL store',
  async () => {
    const store = createPostgresStore({ url: databaseUrl });
    await store.migrate();
    return { store, close: store.close };
  },
  { types: { a: 'Encounter', b: 'Claim' } },
);
