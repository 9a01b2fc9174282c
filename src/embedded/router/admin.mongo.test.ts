import { type Document, MaxKey, MongoServerError } from 'mongodb';
import { afterAll, describe, expect, test } from 'vitest';
import { testMongo } from '../../../tests/support/databases.ts';
import { connect, splitCollection, spread } from './testing.ts';

const { mongodbUri, databaseName } = await testMongo();
const { client, isSharded } = await connect(mongodbUri);
afterAll(() => client.close());

describe.skipIf(!isSharded)('administration through the router', async () => {
  const { collection, database, shards } = isSharded ? await splitCollection(client, databaseName, 'things') : ({} as never);
  const admin = client.db('admin');
  const config = client.db('config');

  const chunksOf = async (name: string): Promise<Document[]> => {
    const entry = await config.collection<Document & { _id: string }>('collections').findOne({ _id: `${databaseName}.${name}` });
    return config.collection('chunks').find({ uuid: entry?.uuid }).sort({ min: 1 }).toArray();
  };

  test('the chunks lie where they were put, as the config database tells', async () => {
    expect((await chunksOf('things')).map(({ max, shard }) => [max._id, shard])).toEqual([
      ['004', shards[0]],
      ['008', shards[1]],
      ['00c', shards[2]],
      [new MaxKey(), shards[3]],
    ]);
  });

  test('sharding, splitting and moving again changes nothing', async () => {
    const before = await chunksOf('things');
    await admin.command({ enableSharding: databaseName });
    await admin.command({ shardCollection: `${databaseName}.things`, key: { _id: 1 } });
    await admin.command({ split: `${databaseName}.things`, middle: { _id: '004' } });
    await admin.command({ moveChunk: `${databaseName}.things`, find: { _id: '005' }, to: shards[1] });
    expect(await chunksOf('things')).toEqual(before);
  });

  test('split and moveChunk', async () => {
    await admin.command({ shardCollection: `${databaseName}.other`, key: { _id: 1 } });
    await admin.command({ split: `${databaseName}.other`, middle: { _id: 'm' } });
    await admin.command({ moveChunk: `${databaseName}.other`, find: { _id: 'z' }, to: shards[2] });
    expect((await chunksOf('other')).map(({ shard }) => shard)).toEqual([shards[0], shards[2]]);
    await database.collection('other').drop();
    expect(await chunksOf('other')).toEqual([]);
  });

  test('a sharded collection can be dropped and made again', async () => {
    for (const round of [1, 2]) {
      const again = await splitCollection(client, databaseName, 'again');
      await again.collection.insertMany(spread(16, String(round)));
      expect(await again.collection.countDocuments()).toBe(16);
      await again.collection.drop();
    }
  });

  test('an aggregation over all shards goes on when a range moves between two of them', async () => {
    const { collection: moving } = await splitCollection(client, databaseName, 'moving');
    await moving.insertMany(spread(32));
    const groups = () => moving.aggregate([{ $group: { _id: '$group' } }, { $count: 'n' }], { maxTimeMS: 10_000 }).toArray();
    const before = await groups();
    await admin.command({ moveChunk: `${databaseName}.moving`, find: { _id: '009' }, to: shards[1] });
    expect(await groups()).toEqual(before);
    await moving.drop();
  });

  test('an index is made on every shard, used, and dropped', async () => {
    await collection.insertMany(spread(64));
    await collection.createIndex({ group: 1, _id: 1 }, { name: 'by_group' });
    expect((await collection.indexes()).map(({ name }) => name)).toEqual(['_id_', 'by_group']);
    const plan = JSON.stringify(await collection.find({ group: 1 }).explain('executionStats'));
    expect(plan.match(/"indexName":"by_group"/g)?.length).toBeGreaterThanOrEqual(4);
    await collection.dropIndex('by_group');
    expect(JSON.stringify(await collection.find({ group: 1 }).explain('queryPlanner'))).toContain('COLLSCAN');
  });

  test('an aggregation can be explained', async () => {
    const plan = await collection.aggregate([{ $match: { group: 1 } }, { $count: 'n' }]).explain();
    expect(Object.keys(plan.shards)).toHaveLength(4);
  });

  test('a unique index off the shard key is refused, as by a mongos', async () => {
    const failure = await collection.createIndex({ n: 1 }, { unique: true }).catch((error) => error);
    expect(failure).toBeInstanceOf(MongoServerError);
    expect(failure.code).toBe(67);
  });

  test('listing databases and collections; statistics of a collection', async () => {
    expect((await client.db().admin().listDatabases()).databases.map(({ name }) => name)).toContain(databaseName);
    expect((await database.listCollections().toArray()).map(({ name }) => name)).toContain('things');
    expect(await database.command({ collStats: 'things' })).toMatchObject({ sharded: true, count: await collection.countDocuments() });
    expect(await admin.command({ buildInfo: 1 })).toHaveProperty('version');
    expect(await admin.command({ balancerStatus: 1 })).toMatchObject({ mode: 'off' });
  });

  test('the balancer is switched, a zone comes and goes', async () => {
    await admin.command({ balancerStart: 1 });
    expect(await admin.command({ balancerStatus: 1 })).toMatchObject({ mode: 'full' });
    await admin.command({ balancerStop: 1 });
    expect(await admin.command({ balancerStatus: 1 })).toMatchObject({ mode: 'off' });
    const zone = `zone-${databaseName}`;
    const range = { updateZoneKeyRange: `${databaseName}.things`, min: { _id: '9q' }, max: { _id: '9r' } };
    await admin.command({ addShardToZone: shards[1], zone });
    await admin.command({ ...range, zone });
    expect(await config.collection('tags').find({ tag: zone }).toArray()).toMatchObject([{ min: { _id: '9q' }, max: { _id: '9r' } }]);
    await admin.command({ ...range, zone: null });
    await admin.command({ removeShardFromZone: shards[1], zone });
    expect(await config.collection('tags').countDocuments({ tag: zone })).toBe(0);
    expect((await admin.command({ getShardMap: 1 })).map).toHaveProperty('config');
  });

  test('unsharded collections live on one shard', async () => {
    const plain = database.collection<{ _id: number }>('plain');
    await plain.insertMany([{ _id: 2 }, { _id: 1 }]);
    expect(await plain.find().sort({ _id: 1 }).toArray()).toEqual([{ _id: 1 }, { _id: 2 }]);
    expect(await plain.updateOne({}, { $set: { a: 1 } })).toMatchObject({ modifiedCount: 1 });
    await plain.drop();
  });

  test('a database that is not there is empty', async () => {
    expect(await client.db('nobody_made_it').collection('x').find().toArray()).toEqual([]);
    expect(await client.db('nobody_made_it').listCollections().toArray()).toEqual([]);
  });

  test.each<Document>([
    { clusterFind: 'things' },
    { clusterUpdate: 'things', updates: [] },
    { _configsvrMoveRange: 'x' },
    { eval: 'x' },
    { shutdown: 1 },
    { constructor: 1 },
    { mapReduce: 'things' },
    { bulkWrite: 1 },
  ])('%o is refused: it is not on the list', async (command) => {
    const failure = await database.command(command).catch((error) => error);
    expect(failure).toMatchObject({ code: 59, codeName: 'CommandNotFound' });
  });

  test('explaining an update is refused: a mongod would call itself without end', async () => {
    const failure = await database.command({ explain: { update: 'things', updates: [] } }).catch((error) => error);
    expect(failure.code).toBe(59);
  });

  test('a chunk that moves under load: no error, nothing lost, nothing twice', async () => {
    const moving = (await splitCollection(client, databaseName, 'moving')).collection;
    const written: string[] = [];
    let isOver = false;
    const write = async (worker: number) => {
      for (let round = 0; !isOver; round++) {
        const documents = spread(8, `-${worker}-${round}`);
        await moving.insertMany(documents, { ordered: false });
        written.push(...documents.map(({ _id }) => _id));
        const ids = documents.map(({ _id }) => _id);
        expect(await moving.find({ _id: { $in: ids } }).toArray()).toHaveLength(8);
        await moving.updateOne({ _id: ids[3] as string }, { $inc: { touched: 1 } });
      }
    };
    const workers = [0, 1, 2].map(write);
    for (const toShard of [shards[3], shards[2], shards[0]]) {
      await admin.command({ moveRange: `${databaseName}.moving`, min: { _id: '001' }, max: { _id: '004' }, toShard });
    }
    isOver = true;
    await Promise.all(workers);
    expect((await moving.find({}, { projection: { _id: 1 } }).toArray()).map(({ _id }) => _id).sort()).toEqual(written.sort());
    expect(await moving.countDocuments({ touched: { $gt: 1 } })).toBe(0);
  }, 60_000);
});
