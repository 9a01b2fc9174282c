/** The leak oracle over MongoDB and PostgreSQL: one pair of databases each, one world. See `leaks.test.ts`. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ResourceStore } from '../../src/store/store.ts';
import { openBothStores } from '../support/both-stores.ts';
import { testDatabases } from '../support/databases.ts';
import { seedFrom } from '../support/random.ts';
import { DENIED_DATA } from './restricted.ts';
import { findLeaks } from './run.ts';
import { leakServices } from './services.ts';

const databases = [await testDatabases(), await testDatabases()] as const;
const others = [await testDatabases(), await testDatabases()] as const;
const seed = seedFrom('LEAK_SEED');
const queries = Number(process.env.LEAK_CLUSTER_COUNT ?? 300);
const closing: (() => Promise<unknown>)[] = [];
let stores: readonly [ResourceStore, ResourceStore];
let otherStores: readonly [ResourceStore, ResourceStore];

async function openStore(names: (typeof databases)[number]): Promise<ResourceStore> {
  const { store, close } = await openBothStores(names);
  closing.push(close);
  return store;
}

beforeAll(async () => {
  stores = await Promise.all([openStore(databases[0]), openStore(databases[1])]);
  otherStores = await Promise.all([openStore(others[0]), openStore(others[1])]);
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

const half = Math.ceil(queries / 2);
test(`nor one for everything of what consents deny by code, time, stay, relation, author and name: ${half} requests (LEAK_SEED=${seed})`, async () => {
  const makeStores = async () => otherStores;
  const { leaks } = await findLeaks({ services: leakServices(), seed, queries: half, perWorld: half, whos: DENIED_DATA, makeStores });
  expect(leaks).toEqual([]);
}, 300_000);
