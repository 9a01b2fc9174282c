import { describe, expect, test } from 'vitest';
import { createPostgresStore } from '../../src/store/postgres/postgres-store.ts';
import { testPostgres } from '../support/databases.ts';
import { findRegressions } from './regressions.ts';
import { findStoreDivergences, runOptions } from './run.ts';

const { databaseUrl } = await testPostgres();
const types = { a: 'Encounter', b: 'Claim' };

describe('random searches: PostgreSQL answers as the model does', () => {
  const options = runOptions(1500);

  test(`${options.searches} searches, DIFFERENTIAL_SEED=${options.seed}`, { timeout: 60_000 + options.searches * 200 }, async () => {
    const store = createPostgresStore({ url: databaseUrl });
    try {
      await store.migrate();
      expect(await findRegressions(store, types)).toEqual([]);
      const divergences = await findStoreDivergences(store, types, options);
      expect(divergences.map((divergence) => divergence.text)).toEqual([]);
    } finally {
      await store.close();
    }
  });
});
