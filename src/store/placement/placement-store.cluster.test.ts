import { ulid } from 'ulid';
import { describe, expect, test } from 'vitest';
import { findRegressions } from '../../../tests/differential/regressions.ts';
import { findStoreDivergences, runOptions } from '../../../tests/differential/run.ts';
import { testDatabases } from '../../../tests/support/databases.ts';
import type { StoreUnderTest } from '../contract/store-contract.ts';
import { describeStoreContract } from '../contract/store-contract.ts';
import { createMemoryStore } from '../memory/memory-store.ts';
import { migrateMongo } from '../mongo/migrate.ts';
import { createMongoStore } from '../mongo/mongo-store.ts';
import { createPostgresStore } from '../postgres/postgres-store.ts';
import { createPlacementErasure } from './erasure.ts';
import { createPlacementStore } from './placement-store.ts';
import { createTwoPhaseCommit } from './two-phase.ts';

const { mongodbUri, databaseUrl } = await testDatabases();
const databaseName = new URL(databaseUrl).pathname.slice(1);

async function openPlacement(): Promise<StoreUnderTest> {
  const types = ['Observation', 'Encounter'];
  const clinical = await createMongoStore({ uri: mongodbUri, types: ['Observation'], isOwnerType: (type) => type === 'Patient' });
  await migrateMongo(clinical.collections.client, clinical.collections.resources.dbName);
  const administrative = createPostgresStore({ url: databaseUrl });
  await administrative.migrate();
  const twoPhase = createTwoPhaseCommit({ clinical, administrative, gatewayId: `test-${databaseName}`, newUlid: ulid });
  return {
    store: {
      ...createPlacementStore({ clinical, administrative, audit: createMemoryStore(), types, twoPhase }),
      erasure: createPlacementErasure(clinical.erasure, administrative.erasure),
    },
    close: async () => {
      await clinical.close();
      await administrative.close();
    },
  };
}

describeStoreContract('both stores, clinical first', openPlacement, { types: { a: 'Observation', b: 'Encounter' } });
describeStoreContract('both stores, administrative first', openPlacement, { types: { a: 'Encounter', b: 'Observation' } });

describe('random searches over both stores', () => {
  const options = runOptions(250);
  const types = { a: 'Observation', b: 'Encounter' };

  test(`${options.searches} searches, DIFFERENTIAL_SEED=${options.seed}`, { timeout: 60_000 + options.searches * 200 }, async () => {
    const { store, close } = await openPlacement();
    try {
      expect(await findRegressions(store, types)).toEqual([]);
      const divergences = await findStoreDivergences(store, types, options);
      expect(divergences.map((divergence) => divergence.text)).toEqual([]);
    } finally {
      await close();
    }
  });
});
