import { describe, expect, test } from 'vitest';
import { describeStoreContract } from '../../src/store/contract/store-contract.ts';
import { createMemoryStore } from '../../src/store/memory/memory-store.ts';
import { findStoreDivergences, runOptions } from '../differential/run.ts';
import { withSealedIds } from './sealed.ts';

const types = { a: 'Observation', b: 'Condition' };
const sealed = () => withSealedIds(createMemoryStore(), Object.values(types));

describeStoreContract('memory under encryption', async () => ({ store: sealed(), close: async () => {} }), { types });

describe('random searches and histories: memory under encryption answers as the model does', () => {
  const options = runOptions(1000);

  test(`${options.searches} searches, DIFFERENTIAL_SEED=${options.seed}`, { timeout: 60_000 }, async () => {
    expect((await findStoreDivergences(sealed(), types, options)).map(({ text }) => text)).toEqual([]);
  });
});
