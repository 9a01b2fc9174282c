import { Long, MongoBulkWriteError, type MongoServerError } from 'mongodb';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { testMongo } from '../../../tests/support/databases.ts';
import { connect, splitCollection, spread } from './testing.ts';

const { mongodbUri, databaseName } = await testMongo();
const { client, isSharded } = await connect(mongodbUri);
afterAll(() => client.close());

describe.skipIf(!isSharded)('the driver through the router', async () => {
  const { collection, database } = isSharded ? await splitCollection(client, databaseName, 'things') : ({} as never);
  const documents = spread(64);
  const ids = documents.map(({ _id }) => _id);

  beforeEach(async () => {
    await collection.deleteMany({});
    await collection.insertMany(documents, { ordered: false });
  });

  describe('find', () => {
    test('one by _id, with a projection, and one that is not there', async () => {
      expect(await collection.findOne({ _id: ids[5] }, { projection: { n: 1 } })).toEqual({ _id: ids[5], n: 5 });
      expect(await collection.findOne({ _id: 'missing' })).toBeNull();
    });

    test('many by _id over all shards, each once', async () => {
      const wanted = ids.slice(10, 42);
      const found = await collection.find({ _id: { $in: [...wanted, 'missing'] }, group: { $lt: 3 } }).toArray();
      expect(found.map(({ _id }) => _id).sort()).toEqual([...wanted].sort());
    });

    test('$in with one key for a shard, and with more conditions on _id', async () => {
      const found = await collection.find({ _id: { $in: [ids[0], ids[5]] as string[], $gte: '003' } }).toArray();
      expect(found).toEqual([documents[5]]);
    });

    test('alternatives on several shards, each with its own condition', async () => {
      const within = (from: string, to: string, n: number) => ({ $and: [{ _id: { $gte: from, $lt: to } }, { n: { $gte: n } }] });
      const found = await collection.find({ $or: [within('005', '006', 21), within('00d', '00e', 45), { n: 0 }] }).toArray();
      expect(found.map(({ n }) => n).sort((a, b) => a - b)).toEqual([0, 21, 37, 45, 53, 61]);
    });

    test('a range within one shard and one over several', async () => {
      const within = await collection.find({ _id: { $gte: '005', $lt: '006' } }).toArray();
      expect(within.map(({ n }) => n)).toEqual([5, 21, 37, 53]);
      expect(await collection.countDocuments({ _id: { $gte: '002', $lt: '009' } })).toBe(28);
    });

    test.each([1, 3, 7, 64, 1000])('sorted by another field in batches of %i', async (batchSize) => {
      const found = await collection.find({}, { sort: { group: -1, n: 1 }, batchSize }).toArray();
      const expected = documents.toSorted((a, b) => b.group - a.group || a.n - b.n);
      expect(found).toEqual(expected);
    });

    test('sort, skip, limit and projection together', async () => {
      const found = await collection.find({ group: 1 }).sort({ n: -1 }).skip(2).limit(4).project({ _id: 0, n: 1 }).toArray();
      expect(found).toEqual([55, 52, 49, 46].map((n) => ({ n })));
    });

    test('skip and limit without a sort give the right number', async () => {
      expect(await collection.find({}).skip(60).toArray()).toHaveLength(4);
      expect(await collection.find({}).limit(7).toArray()).toHaveLength(7);
      expect(await collection.find({}).skip(10).limit(30).batchSize(4).toArray()).toHaveLength(30);
    });

    test('cursors over several batches, and one that is closed early', async () => {
      expect(await collection.find({}, { batchSize: 5 }).toArray()).toHaveLength(64);
      const cursor = collection.find({}, { batchSize: 2 });
      await cursor.next();
      await cursor.close();
      const one = collection.find({ _id: { $lt: '002' } }, { batchSize: 2 });
      expect(await one.toArray()).toHaveLength(8);
    });

    test('a getMore for a cursor that nobody opened', async () => {
      const failure = await database.command({ getMore: Long.fromNumber(12345), collection: 'things' }).catch((error) => error);
      expect(failure.code).toBe(43);
    });
  });

  describe('writes', () => {
    test('insertOne, updateOne, replaceOne, deleteOne, findOneAndUpdate', async () => {
      await collection.insertOne({ _id: '0099', n: 1 });
      expect(await collection.updateOne({ _id: '0099' }, { $inc: { n: 1 } })).toMatchObject({ matchedCount: 1, modifiedCount: 1 });
      expect(await collection.replaceOne({ _id: '00zz' }, { n: 3 }, { upsert: true })).toMatchObject({
        upsertedCount: 1,
        upsertedId: '00zz',
      });
      expect(await collection.findOneAndUpdate({ _id: '0099' }, { $inc: { n: 5 } }, { returnDocument: 'after' })).toEqual({
        _id: '0099',
        n: 7,
      });
      expect(await collection.deleteOne({ _id: '0099' })).toMatchObject({ deletedCount: 1 });
    });

    test('a duplicate key says which', async () => {
      const failure: MongoServerError = await collection.insertOne({ _id: ids[3] as string }).catch((error) => error);
      expect(failure.code).toBe(11000);
      expect(failure.keyValue).toEqual({ _id: ids[3] });
    });

    test('an unordered bulk over all shards: errors carry the places in the client’s list', async () => {
      const operations = documents.slice(0, 20).map(({ _id, n }, index) => ({
        // A stale version is a duplicate key of its own statement.
        replaceOne: { filter: { _id, n: index % 6 === 5 ? -1 : n }, replacement: { n: n + 100 }, upsert: true },
      }));
      const failure: MongoBulkWriteError = await collection.bulkWrite(operations, { ordered: false }).catch((error) => error);
      expect(failure).toBeInstanceOf(MongoBulkWriteError);
      const errors = [failure.writeErrors].flat();
      expect(errors.map(({ index, code }) => [index, code])).toEqual([
        [5, 11000],
        [11, 11000],
        [17, 11000],
      ]);
      expect(failure.result).toMatchObject({ matchedCount: 17, modifiedCount: 17 });
      expect(await collection.countDocuments({ n: { $gte: 100 } })).toBe(17);
    });

    test('an unordered insert keeps what is new, and upserts tell their ids', async () => {
      const mixed = [...spread(8, 'x'), documents[2], ...spread(8, 'y')] as typeof documents;
      const failure: MongoBulkWriteError = await collection.insertMany(mixed, { ordered: false }).catch((error) => error);
      expect(failure.result.insertedCount).toBe(16);
      expect([failure.writeErrors].flat().map(({ index }) => index)).toEqual([8]);
      const upserts = spread(6, 'z').map(({ _id, n }) => ({ updateOne: { filter: { _id }, update: { $set: { n } }, upsert: true } }));
      const { upsertedIds } = await collection.bulkWrite(upserts, { ordered: false });
      expect(Object.values(upsertedIds)).toEqual(spread(6, 'z').map(({ _id }) => _id));
    });

    test('an ordered insert stops at the first error', async () => {
      const mixed = [...spread(6, 'x'), documents[1], ...spread(6, 'y')] as typeof documents;
      const failure: MongoBulkWriteError = await collection.insertMany(mixed).catch((error) => error);
      expect(failure.result.insertedCount).toBe(6);
      expect([failure.writeErrors].flat().map(({ index }) => index)).toEqual([6]);
      expect(await collection.countDocuments({ _id: /[xy]$/ })).toBe(6);
    });

    test('updateMany and deleteMany reach every shard', async () => {
      expect(await collection.updateMany({ group: 1 }, { $set: { seen: true } })).toMatchObject({ matchedCount: 21, modifiedCount: 21 });
      expect(await collection.deleteMany({ group: 1 })).toMatchObject({ deletedCount: 21 });
    });

    test('a write on one document must say which', async () => {
      const failure: MongoServerError = await collection.updateOne({ n: 3 }, { $set: { a: 1 } }).catch((error) => error);
      expect(failure.code).toBe(61);
    });

    test('a repeated retryable write is done once', async () => {
      const session = client.startSession();
      const lsid = session.id;
      const updates = ids.slice(0, 8).map((_id) => ({ q: { _id }, u: { $inc: { tries: 1 } } }));
      const command = { update: 'things', updates, ordered: false, lsid, txnNumber: Long.fromNumber(1), writeConcern: { w: 'majority' } };
      for (const _ of [1, 2, 3]) expect(await database.command(command)).toMatchObject({ n: 8 });
      expect(await collection.countDocuments({ tries: 1 })).toBe(8);
      await session.endSession();
    });

    test('an unacknowledged write arrives, and the connection goes on', async () => {
      const unsafe = database.collection<{ _id: string }>('things', { writeConcern: { w: 0 } });
      await unsafe.insertOne({ _id: '005w0' });
      await expect.poll(() => collection.findOne({ _id: '005w0' })).toEqual({ _id: '005w0' });
    });

    test('5,000 documents of 2 kB in one command', async () => {
      const many = spread(5_000, 'm').map((document) => ({ ...document, text: 'x'.repeat(2_000) }));
      await collection.insertMany(many, { ordered: false });
      expect(await collection.find({ _id: /m$/ }).toArray()).toHaveLength(5_000);
    });
  });

  describe('aggregation and counting', () => {
    test('over one shard and over all', async () => {
      const one = await collection
        .aggregate([{ $match: { _id: { $gte: '005', $lt: '006' } } }, { $group: { _id: null, n: { $sum: '$n' } } }])
        .toArray();
      expect(one).toEqual([{ _id: null, n: 5 + 21 + 37 + 53 }]);
      const all = await collection.aggregate([{ $group: { _id: '$group', n: { $sum: 1 } } }, { $sort: { _id: 1 } }]).toArray();
      expect(all).toEqual([22, 21, 21].map((n, _id) => ({ _id, n })));
    });

    test('$lookup into another collection, in batches', async () => {
      const pipeline = [{ $lookup: { from: 'things', localField: 'group', foreignField: 'n', as: 'same' } }];
      const found = await collection.aggregate(pipeline, { batchSize: 10 }).toArray();
      expect(found.map(({ same }) => same.length)).toEqual(Array(64).fill(1));
    });

    test('counts and distinct values', async () => {
      expect(await collection.countDocuments({ group: 0 })).toBe(22);
      expect(await collection.countDocuments({ _id: ids[0] }, { limit: 1 })).toBe(1);
      expect(await collection.estimatedDocumentCount()).toBe(64);
      expect((await collection.distinct('group')).sort()).toEqual([0, 1, 2]);
      expect(await database.command({ count: 'things', query: { group: 0 }, skip: 5, limit: 10 })).toMatchObject({ n: 10 });
    });
  });
});
