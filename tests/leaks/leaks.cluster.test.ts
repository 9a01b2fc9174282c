/** The leak oracle over MongoDB and PostgreSQL: one pair of databases each, one world. See `leaks.test.ts`. */
import { ulid } from 'ulid';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { loadDefinitions } from '../../src/definitions/load.ts';
import { createMemoryStore } from '../../src/store/memory/memory-store.ts';
import { migrateMongo } from '../../src/store/mongo/migrate.ts';
import { createMongoStore } from '../../src/store/mongo/mongo-store.ts';
import { storeOf } from '../../src/store/placement/placement.ts';
import { createPlacementStore } from '../../src/store/placement/placement-store.ts';
import { createTwoPhaseCommit } from '../../src/store/placement/two-phase.ts';
import { createPostgresStore } from '../../src/store/postgres/postgres-store.ts';
import type { ResourceStore } from '../../src/store/store.ts';
import { testDatabases } from '../support/databases.ts';
import { seedFrom } from '../support/random.ts';
import { findLeaks } from './run.ts';
import { leakServices } from './services.ts';

const databases = [await testDatabases(), await testDatabases()] as const;
const seed = seedFrom('LEAK_SEED');
const queries = Number(process.env.LEAK_CLUSTER_COUNT ?? 300);
const closing: (() => Promise<unknown>)[] = [];
let stores: readonly [ResourceStore, ResourceStore];

async function openStore({ mongodbUri, databaseUrl }: (typeof databases)[number]): Promise<ResourceStore> {
  const { resourceTypes, compartments } = loadDefinitions();
  const members = compartments.Patient ?? {};
  const clinical = await createMongoStore({
    uri: mongodbUri,
    types: resourceTypes.filter((type) => storeOf(type) === 'clinical'),
    isOwnerType: (type) => type === 'Patient' || !Object.hasOwn(members, type),
  });
  await migrateMongo(clinical.collections.client, clinical.collections.resources.dbName);
  const administrative = createPostgresStore({ url: databaseUrl });
  await administrative.migrate();
  closing.push(
    () => clinical.close(),
    () => administrative.close(),
  );
  const twoPhase = createTwoPhaseCommit({ clinical, administrative, gatewayId: 'test', newUlid: ulid });
  return createPlacementStore({ clinical, administrative, audit: createMemoryStore(), types: resourceTypes, twoPhase });
}

beforeAll(async () => {
  stores = await Promise.all([openStore(databases[0]), openStore(databases[1])]);
}, 90_000);

afterAll(() => Promise.all(closing.map((close) => close())));

test(`a token for one patient learns nothing of another: ${queries} requests over both stores (LEAK_SEED=${seed})`, async () => {
  const { leaks } = await findLeaks({
    services: leakServices(),
    seed,
    queries,
    perWorld: queries,
    makeStores: async () => stores,
  });
  expect(leaks).toEqual([]);
}, 300_000);
