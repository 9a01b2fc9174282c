import { type ClientSession, MongoServerError, ReadConcern } from 'mongodb';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { testMongo } from '../../../tests/support/databases.ts';
import { connect, splitCollection, spread, type TestDocument } from './testing.ts';

const { mongodbUri, databaseName } = await testMongo();
const { client, isSharded } = await connect(mongodbUri);
afterAll(() => client.close());

const options = { readConcern: ReadConcern.fromOptions({ level: 'snapshot' }), writeConcern: { w: 'majority', j: true } } as const;

describe.skipIf(!isSharded)('transactions through the router', async () => {
  const { collection } = isSharded ? await splitCollection(client, databaseName, 'accounts') : ({} as never);
  beforeEach(() => collection.deleteMany({}));

  async function inSession<Result>(work: (session: ClientSession) => Promise<Result>): Promise<Result> {
    const session = client.startSession();
    try {
      return await work(session);
    } finally {
      await session.endSession();
    }
  }

  const idsNow = async () => (await collection.find().sort({ _id: 1 }).toArray()).map(({ _id }) => _id);

  test('on one shard: its own writes are seen inside, by nobody outside, and by all after the commit', async () => {
    await inSession(async (session) => {
      session.startTransaction(options);
      await collection.insertOne({ _id: '001a', n: 1 }, { session });
      await collection.updateOne({ _id: '001a' }, { $inc: { n: 1 } }, { session });
      expect(await collection.findOne({ _id: '001a' }, { session })).toEqual({ _id: '001a', n: 2 });
      expect(await collection.findOne({ _id: '001a' })).toBeNull();
      await session.commitTransaction();
    });
    expect(await collection.findOne({ _id: '001a' })).toEqual({ _id: '001a', n: 2 });
  });

  test('on all shards, with thousands of documents', async () => {
    const documents = spread(3_000);
    await inSession((session) =>
      session.withTransaction(async () => {
        await collection.insertMany(documents, { session });
        await collection.bulkWrite(
          documents.slice(0, 200).map(({ _id }) => ({ updateOne: { filter: { _id }, update: { $set: { seen: 1 } } } })),
          { session },
        );
        expect(await collection.find({ seen: 1 }, { session }).toArray()).toHaveLength(200);
      }, options),
    );
    expect(await collection.countDocuments()).toBe(3_000);
    expect(await collection.countDocuments({ seen: 1 })).toBe(200);
  });

  test('committed twice it is committed once', async () => {
    await inSession(async (session) => {
      session.startTransaction(options);
      await collection.insertMany([{ _id: '001' }, { _id: '00e' }], { session });
      await session.commitTransaction();
      await session.commitTransaction();
    });
    expect(await idsNow()).toEqual(['001', '00e']);
  });

  test('an abort leaves nothing on any shard', async () => {
    await inSession(async (session) => {
      session.startTransaction(options);
      await collection.insertMany(spread(16), { session });
      await session.abortTransaction();
    });
    expect(await idsNow()).toEqual([]);
    // Nothing holds the documents any more.
    await collection.insertMany(spread(16));
  });

  test('a duplicate key ends it: nothing of it stays', async () => {
    await collection.insertOne({ _id: '00e' });
    const failure = await inSession((session) =>
      session.withTransaction(() => collection.insertMany([{ _id: '001' }, { _id: '00e' }], { session }), options).catch((error) => error),
    );
    expect(failure.code).toBe(11000);
    expect(await idsNow()).toEqual(['00e']);
  });

  test.each([
    ['one shard', ['001']],
    ['several shards', ['001', '00e']],
  ])('a write conflict on %s is transient, and withTransaction gets through', async (_, ids) => {
    await collection.insertMany(ids.map((_id): TestDocument => ({ _id, n: 0 })));
    const failure = await inSession(async (first) =>
      inSession(async (second) => {
        first.startTransaction(options);
        second.startTransaction(options);
        for (const _id of ids) await collection.updateOne({ _id }, { $inc: { n: 1 } }, { session: first });
        const conflict = await collection
          .updateOne({ _id: ids.at(-1) as string }, { $inc: { n: 1 } }, { session: second })
          .catch((error) => error);
        await first.commitTransaction();
        await second.abortTransaction();
        return conflict;
      }),
    );
    expect(failure).toBeInstanceOf(MongoServerError);
    expect(failure.code).toBe(112);
    expect(failure.hasErrorLabel('TransientTransactionError')).toBe(true);

    const increment = () =>
      inSession((session) =>
        session.withTransaction(async () => {
          for (const _id of ids) await collection.updateOne({ _id }, { $inc: { n: 1 } }, { session });
        }, options),
      );
    await Promise.all(Array.from({ length: 8 }, increment));
    expect((await collection.find().toArray()).map(({ n }) => n)).toEqual(ids.map(() => 9));
  });

  test('an unsorted search with a limit over all shards, then a write on one: a conditional create', async () => {
    const create = (_id: string) =>
      inSession((session) =>
        session.withTransaction(async () => {
          await collection.updateOne({ _id: '00guard' }, { $inc: { n: 1 } }, { upsert: true, session });
          const there = await collection.find({ code: 'x' }, { session, limit: 2, projection: { _id: 1 } }).toArray();
          if (there.length === 0) await collection.insertOne({ _id, code: 'x' }, { session });
          return there.length === 0;
        }, options),
      );
    const made = await Promise.all(spread(10).map(({ _id }) => create(_id)));
    expect(made.filter(Boolean)).toHaveLength(1);
    expect(await collection.countDocuments({ code: 'x' })).toBe(1);
  });

  test('a sorted search, a range, a list of keys and a count inside', async () => {
    await collection.insertMany(spread(64));
    await inSession((session) =>
      session.withTransaction(async () => {
        await collection.insertOne({ _id: '007new', n: 100, group: 0 }, { session });
        const sorted = await collection.find({ group: 0 }, { session }).sort({ n: -1 }).limit(3).toArray();
        expect(sorted.map(({ n }) => n)).toEqual([100, 63, 60]);
        expect(await collection.find({ _id: { $gte: '007', $lt: '008' } }, { session, batchSize: 2 }).toArray()).toHaveLength(5);
        expect(await collection.find({ _id: { $in: ['007new', '00100001'] } }, { session }).toArray()).toHaveLength(2);
        expect(await collection.countDocuments({ group: 0 }, { session })).toBe(23);
      }, options),
    );
  });

  test('a killed session can commit nothing', async () => {
    const failure = await inSession(async (session) => {
      session.startTransaction(options);
      await collection.insertMany([{ _id: '001' }, { _id: '00e' }], { session });
      await client.db('admin').command({ killSessions: [session.id] });
      return session.commitTransaction().catch((error) => error);
    });
    expect(failure).toBeInstanceOf(MongoServerError);
    expect(await idsNow()).toEqual([]);
    await collection.insertMany([{ _id: '001' }, { _id: '00e' }]);
  });
});
