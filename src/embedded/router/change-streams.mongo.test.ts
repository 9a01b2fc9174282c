import type { ChangeStreamInsertDocument, ResumeToken } from 'mongodb';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { testMongo } from '../../../tests/support/databases.ts';
import { connect, splitCollection, spread, type TestDocument } from './testing.ts';

const { mongodbUri, databaseName } = await testMongo();
const { client, isSharded } = await connect(mongodbUri);
afterAll(() => client.close());

describe.skipIf(!isSharded)('change streams through the router', async () => {
  const { collection, database } = isSharded ? await splitCollection(client, databaseName, 'watched') : ({} as never);
  const open: { close(): Promise<void> }[] = [];
  afterEach(() => Promise.all(open.splice(0).map((stream) => stream.close())));

  /** A stream that is open on the shards: `watch` alone waits for its first use. */
  async function watch(options: { resumeAfter?: ResumeToken } = {}) {
    const stream = collection.watch<TestDocument, ChangeStreamInsertDocument<TestDocument>>([], { maxAwaitTimeMS: 500, ...options });
    open.push(stream);
    // The first event of a resumed stream must not be lost here.
    if (!options.resumeAfter) await stream.tryNext();
    return stream;
  }

  async function take(stream: Awaited<ReturnType<typeof watch>>, count: number) {
    const events: ChangeStreamInsertDocument<TestDocument>[] = [];
    while (events.length < count) events.push(await stream.next());
    return events;
  }

  const idsOf = (events: readonly ChangeStreamInsertDocument<TestDocument>[]) => events.map(({ documentKey }) => documentKey._id);

  test('events of all shards come once each, in the order in which they were written', async () => {
    const stream = await watch();
    const documents = spread(48, 'a');
    for (const document of documents) await collection.insertOne(document);
    const events = await take(stream, 48);
    expect(idsOf(events)).toEqual(documents.map(({ _id }) => _id));
    expect(events[5]?.fullDocument).toEqual(documents[5]);
  });

  test('an event of one shard does not wait long for shards where nothing happens', async () => {
    const stream = await watch();
    const started = performance.now();
    await collection.insertOne({ _id: '005alone' });
    expect(idsOf(await take(stream, 1))).toEqual(['005alone']);
    expect(performance.now() - started).toBeLessThan(3_000);
  });

  test('it begins when it is opened, also when a shard has been idle for long', async () => {
    await collection.insertMany(spread(8, 'before'));
    const stream = await watch();
    const token = stream.resumeToken;
    await collection.insertOne({ _id: '005after' });
    expect(idsOf(await take(stream, 1))).toEqual(['005after']);
    expect(idsOf(await take(await watch({ resumeAfter: token }), 1))).toEqual(['005after']);
  });

  test('resumed after any event, it goes on with the next one', async () => {
    const stream = await watch();
    const documents = spread(32, 'r');
    await collection.insertMany(documents, { ordered: false });
    const events = await take(stream, 32);
    for (const at of [0, 13, 30]) {
      const resumed = await watch({ resumeAfter: events[at]?._id });
      expect(idsOf(await take(resumed, 31 - at))).toEqual(idsOf(events.slice(at + 1)));
    }
  });

  test('resumed after an idle stream’s token, it misses nothing', async () => {
    const stream = await watch();
    await stream.tryNext();
    const token = stream.resumeToken;
    await stream.close();
    await collection.insertMany(spread(8, 'i'));
    const resumed = await watch({ resumeAfter: token });
    expect(idsOf(await take(resumed, 8)).sort()).toEqual(spread(8, 'i').map(({ _id }) => _id));
  });

  test('a transaction over several shards arrives whole', async () => {
    const stream = await watch();
    await client.withSession((session) =>
      session.withTransaction(async () => {
        await collection.insertMany(spread(16, 't'), { session });
      }),
    );
    expect(idsOf(await take(stream, 16)).sort()).toEqual(spread(16, 't').map(({ _id }) => _id));
  });

  test('a pipeline, and a stream over the database', async () => {
    const stream = database.watch([{ $match: { operationType: 'delete' } }], { maxAwaitTimeMS: 500 });
    open.push(stream);
    await stream.tryNext();
    await collection.insertMany(spread(8, 'd'));
    await collection.deleteMany({ _id: { $in: spread(8, 'd').map(({ _id }) => _id) } });
    const event = await stream.next();
    expect(event.operationType).toBe('delete');
  });
});
