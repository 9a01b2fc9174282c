import { describe, expect, test } from 'vitest';
import { migrateMongo } from '../../src/store/mongo/migrate.ts';
import { createMongoStore } from '../../src/store/mongo/mongo-store.ts';
import { testMongo } from '../support/databases.ts';
import { findRegressions } from './regressions.ts';
import { findStoreDivergences, runOptions } from './run.ts';

const { mongodbUri, databaseName } = await testMongo();
const types = { a: 'Observation', b: 'Condition' };

describe('random searches: MongoDB answers as the model does', () => {
  const options = runOptions(1500);

  test(`${options.searches} searches, DIFFERENTIAL_SEED=${options.seed}`, { timeout: 60_000 + options.searches * 200 }, async () => {
    const store = await createMongoStore({ uri: mongodbUri, types: [types.a, types.b], isOwnerType: (type) => type === 'Patient' });
    try {
      await migrateMongo(store.collections.client, databaseName);
      expect(await findRegressions(store, types)).toEqual([]);
      const divergences = await findStoreDivergences(store, types, options);
      expect(divergences.map((divergence) => divergence.text)).toEqual([]);
    } finally {
      await store.close();
    }
  });
});
