import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { testMongo } from '../../../tests/support/databases.ts';
import { connectMongo, type MongoCollections, readingAs } from './client.ts';
import { latestClusterTime, sessionAfter } from './cluster-time.ts';
import { findOnce } from './find-once.ts';
import { migrateMongo } from './migrate.ts';

const { mongodbUri } = await testMongo();
const within = { maxTimeMS: 10_000 };
let collections: MongoCollections;

beforeAll(async () => {
  collections = await connectMongo({ uri: mongodbUri });
  await migrateMongo(collections.client, collections.databaseName);
});
afterAll(() => collections.client.close());

describe('what is found at once', () => {
  test('is what a cursor finds, fields and digits alike', async () => {
    const documents = [0, 1, 2].map((n) => ({
      _id: `00${n}f/fields`,
      rk: 'x',
      text: 'é\u0000',
      long: 2 ** 40 + n,
      at: new Date(n),
      none: undefined,
    }));
    await collections.locators.insertMany(documents as never);
    const filter = { _id: { $in: documents.map(({ _id }) => _id) } };
    const found = await findOnce(collections, 'locators', filter, within);
    expect(found).toHaveLength(3);
    expect(found).toEqual(await collections.locators.find(filter).toArray());
    expect(await findOnce(collections, 'locators', filter, { ...within, projection: { rk: 1 } })).toContainEqual({
      _id: '000f/fields',
      rk: 'x',
    });
  });

  test('has no bound: what has no room in one reply comes too', async () => {
    const text = 'x'.repeat(3_000_000);
    const ids = Array.from({ length: 8 }, (_, n) => `00a/large-${n}`);
    await collections.locators.insertMany(ids.map((_id) => ({ _id, rk: 'x', text })) as never);
    const found = await findOnce(collections, 'locators', { _id: { $in: ids } }, within);
    expect(found.map(({ _id }) => _id).sort()).toEqual(ids);
  });

  test('is of the state that its session waits for', async () => {
    const { client } = collections;
    await collections.locators.insertOne({ _id: '00b/session', rk: 'x' });
    const session = sessionAfter(client, latestClusterTime(client) as Uint8Array);
    const reads = readingAs(collections, { preference: 'nearest', session });
    expect(await findOnce(reads, 'locators', { _id: '00b/session' }, within)).toHaveLength(1);
    await session.endSession();
  });

  test('fails as a cursor does', async () => {
    const wrong = { $where: 1, $nothing: 1 } as never;
    const codes = await Promise.all(
      [findOnce(collections, 'locators', wrong, within), collections.locators.find(wrong).toArray()].map((work) =>
        work.then(
          () => undefined,
          (error: unknown) => (error as { code?: number }).code,
        ),
      ),
    );
    expect(codes[0]).toBeDefined();
    expect(codes[0]).toBe(codes[1]);
  });
});
