/** The cases of joins, includes and compartments over both real stores: what lies in one leads to what lies in the other. */
import { ulid } from 'ulid';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadCases } from '../../conformance/runner/load-cases.ts';
import { runCase } from '../../conformance/runner/run-case.ts';
import { loadDefinitions } from '../../src/definitions/load.ts';
import { migrateMongo } from '../../src/store/mongo/migrate.ts';
import { createMongoStore } from '../../src/store/mongo/mongo-store.ts';
import { storeOf } from '../../src/store/placement/placement.ts';
import { createPlacementStore } from '../../src/store/placement/placement-store.ts';
import { createTwoPhaseCommit } from '../../src/store/placement/two-phase.ts';
import { createPostgresStore } from '../../src/store/postgres/postgres-store.ts';
import { testDatabases } from '../support/databases.ts';
import { type ServedGateway, serveMemoryGateway } from '../support/memory-gateway.ts';

const FILES = /^search/;

const { mongodbUri, databaseUrl } = await testDatabases();
let gateway: ServedGateway;
let closeStores: () => Promise<unknown>;

beforeAll(async () => {
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
  const twoPhase = createTwoPhaseCommit({ clinical, administrative, gatewayId: 'test', newUlid: ulid });
  closeStores = () => Promise.all([clinical.close(), administrative.close()]);
  gateway = await serveMemoryGateway({ store: createPlacementStore({ clinical, administrative, types: resourceTypes, twoPhase }) });
}, 60_000);

afterAll(async () => {
  await gateway?.close();
  await closeStores?.();
});

for (const { file, cases } of loadCases().filter((each) => FILES.test(each.file))) {
  describe(`${file} over MongoDB and PostgreSQL`, () => {
    test.each(cases.map((each) => [each.name, each] as const))('%s', async (_name, each) => {
      expect(await runCase(each, gateway)).toEqual([]);
    });
  });
}

test('no request failed for an unknown reason', () => {
  expect(gateway.failures).toEqual([]);
});
