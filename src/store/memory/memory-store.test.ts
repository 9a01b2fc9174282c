import { describeStoreContract } from '../contract/store-contract.ts';
import { createMemoryStore } from './memory-store.ts';

describeStoreContract('memory', async () => ({ store: createMemoryStore(), close: async () => {} }), {
  types: { a: 'Observation', b: 'Condition' },
});
