/**
 * Moving a record to another record key, in steps that a crash may interrupt anywhere.
 *
 * First everything is copied and the copies are hidden, as pointers to the old place; then, in one transaction for some resources at a
 * time, copy and original change their parts. So a search of the record finds each resource once under either key, and a search over all
 * records finds it once. Last, what is left at the old place becomes forwarders.
 */
import type { AnyBulkWriteOperation, ClientSession, Collection, Document } from 'mongodb';
import { identityOf, type ResourceKey } from '../../model/resource.ts';
import type { RecordMover } from '../record-moves.ts';
import { DURABLE, type MongoCollections } from './client.ts';
import { locatorIdOf, placedAt, type StoredDocument } from './document.ts';
import { translate } from './errors.ts';
import { retryTransient } from './retry.ts';
import { inTransaction } from './write/transaction.ts';

/** Documents of one transaction or command. */
const AT_ONCE = 200;
/** Parts of large texts, some megabytes each. */
const CHUNKS_AT_ONCE = 4;
const RESOURCES_AT_ONCE = 50;

const everythingOf = (rk: string) => ({ _id: { $gte: `${rk}/`, $lt: `${rk}0` } });
const versionsOf = (identity: string) => ({ _id: { $gte: `${identity}/`, $lt: `${identity}0` } });

export function createMongoMover(collections: MongoCollections, isOwnerType: (type: string) => boolean): RecordMover {
  const { client, resources, history, chunks, locators } = collections;
  const asked = <T>(work: () => Promise<T>) => retryTransient(work).catch((error: unknown) => Promise.reject(translate(error)));
  const together = (body: (session: ClientSession) => Promise<void>) => asked(() => inTransaction(client, body));

  /** Copies what the filters find to the new place, unless it is there. */
  async function copy<Schema extends Document & { _id: string }>(
    collection: Collection<Schema>,
    filter: object,
    atOnce: number,
    to: string,
    hidden: object,
  ): Promise<void> {
    for await (const some of slices(collection.find(filter as never) as AsyncIterable<Schema>, atOnce)) {
      const statements = some.map(({ _id, ...document }) => ({
        updateOne: { filter: { _id: placedAt(to, _id) }, update: { $setOnInsert: { ...document, ...hidden } }, upsert: true },
      }));
      await asked(() => collection.bulkWrite(statements as never, { ordered: false, writeConcern: DURABLE }));
    }
  }

  /** The current versions: pointer at the new place, resource at the old one, become resource and pointer. */
  async function turn(places: readonly string[], from: string, to: string): Promise<void> {
    await together(async (session) => {
      const documents = await resources.find({ _id: { $in: [...places] }, home: { $exists: false } }, { session }).toArray();
      if (documents.length === 0) return;
      await resources.bulkWrite(
        documents.flatMap((document) => turned(document, from, to)),
        { session },
      );
      const located = documents.filter(({ type }) => !isOwnerType(type)).map((document) => locatorIdOf(document));
      const statements = located.map((_id) => ({ updateOne: { filter: { _id }, update: { $set: { rk: to } }, upsert: true } }));
      if (statements.length > 0) await locators.bulkWrite(statements, { session });
    });
  }

  /** The older versions: those at the new place are shown, those at the old one hidden. */
  async function turnVersions(identities: readonly string[], from: string, to: string): Promise<void> {
    const filter = { $or: identities.map(versionsOf), home: { $exists: false } };
    for await (const some of slices(history.find(filter, { projection: { _id: 1 } }), AT_ONCE)) {
      const statements = some.flatMap(({ _id }): AnyBulkWriteOperation<StoredDocument>[] => [
        { updateOne: { filter: { _id: placedAt(to, _id), home: from }, update: { $unset: { home: '' } } } },
        { updateOne: { filter: { _id }, update: { $set: { home: to } } } },
      ]);
      await together(async (session) => void (await history.bulkWrite(statements, { session })));
    }
  }

  async function moveSome(keys: readonly ResourceKey[], from: string, to: string): Promise<void> {
    const identities = keys.map((key) => identityOf({ ...key, rk: from }));
    // What has another home today has left this record, and its older versions stay where they are.
    const here = { _id: { $in: identities }, $or: [{ home: { $exists: false } }, { home: to }] };
    const found = await asked(() => resources.find(here, { projection: { _id: 1, home: 1 } }).toArray());
    const places = found.map(({ _id }) => _id);
    if (places.length === 0) return;
    const ranges = places.map(versionsOf);
    // Young again: until a version names them, only their age keeps them.
    await copy(chunks, { $or: ranges }, CHUNKS_AT_ONCE, to, { at: new Date() });
    await copy(history, { $or: ranges, home: { $exists: false } }, AT_ONCE, to, { home: from });
    await layPointers(places, from, to);
    await turn(places, from, to);
    await turnVersions(places, from, to);
  }

  async function layPointers(places: readonly string[], from: string, to: string): Promise<void> {
    const documents = await asked(() =>
      resources.find({ _id: { $in: [...places] }, home: { $exists: false } }, { projection: { raw: 0 } }).toArray(),
    );
    const statements = documents.map((document) => {
      const pointer = pointerTo(document, from, to);
      // A forwarder may lie there, of an earlier move away from it; never the resource, unless another gateway is at the same work.
      return { replaceOne: { filter: { _id: pointer._id, home: { $exists: true } }, replacement: content(pointer), upsert: true } };
    });
    if (statements.length > 0) await asked(() => resources.bulkWrite(statements, { ordered: false, writeConcern: DURABLE }));
  }

  const aboutPatient = (patientId: string, from: string, to: string) => ({
    ...everythingOf(from),
    home: { $exists: true, $ne: to },
    patients: `Patient/${patientId}`,
  });

  return {
    async move(keys, from, to) {
      for (let start = 0; start < keys.length; start += RESOURCES_AT_ONCE) {
        await moveSome(keys.slice(start, start + RESOURCES_AT_ONCE), from, to);
      }
    },

    async point(patientId, from, to) {
      for await (const some of slices(resources.find(aboutPatient(patientId, from, to)), AT_ONCE)) {
        const statements = some.flatMap((pointer): AnyBulkWriteOperation<StoredDocument>[] => [
          { replaceOne: { filter: { _id: placedAt(to, pointer._id) }, replacement: content(pointer), upsert: true } },
          { updateOne: { filter: { _id: homeOf(pointer) }, update: { $addToSet: { 'trail.pointers': to } } } },
        ]);
        await together(async (session) => void (await resources.bulkWrite(statements, { session })));
      }
    },

    async tidy(patientId, from, to) {
      const moved = { ...everythingOf(from), home: to, version: { $gt: FORWARDING } };
      for await (const some of slices(resources.find(moved, { projection: { _id: 1, type: 1, id: 1, at: 1, home: 1 } }), AT_ONCE)) {
        const prefixes = some.map(({ _id }) => versionsOf(_id));
        for (const collection of [history, chunks] as unknown as readonly Collection<Document & { _id: string }>[]) {
          const statements = prefixes.map((filter) => ({ deleteMany: { filter } }));
          await asked(() => collection.bulkWrite(statements, { ordered: false, writeConcern: DURABLE }));
        }
        await asked(() => resources.bulkWrite(some.map(forwarding), { ordered: false, writeConcern: DURABLE }));
      }
      for await (const some of slices(resources.find(aboutPatient(patientId, from, to)), AT_ONCE)) {
        const pulled = some.map(
          (pointer): AnyBulkWriteOperation<StoredDocument> => ({
            updateOne: { filter: { _id: homeOf(pointer) }, update: { $pull: { 'trail.pointers': from } } },
          }),
        );
        await asked(() => resources.bulkWrite([...pulled, ...some.map(forwarding)], { ordered: true, writeConcern: DURABLE }));
      }
    },
  };
}

/** No write can take a forwarder for the version before its own. */
const FORWARDING = 0;

const homeOf = (pointer: StoredDocument) => placedAt(pointer.home as string, identityOf({ ...pointer, rk: '' }));

/** The driver's types want none, the server takes it from the filter. */
function content({ _id, ...document }: StoredDocument): Omit<StoredDocument, '_id'> {
  return document;
}

function pointerTo(document: StoredDocument, home: string, at: string): StoredDocument {
  const { raw, rawChunks, rawHash, trail, by, method, ...indexed } = document;
  return { ...indexed, _id: placedAt(at, document._id), home };
}

function forwarding({ _id, type, id, at, home }: StoredDocument): AnyBulkWriteOperation<StoredDocument> {
  return {
    replaceOne: { filter: { _id, home: home as string }, replacement: { type, id, version: FORWARDING, at, home } },
  };
}

/** Resource and pointer change places; what leads to the old place leads to the new one. */
function turned(document: StoredDocument, from: string, to: string): AnyBulkWriteOperation<StoredDocument>[] {
  const { pointers = [], past = [] } = document.trail ?? {};
  const elsewhere = pointers.filter((rk) => rk !== to);
  const before = [...new Set([...past, from])].filter((rk) => rk !== to);
  const trail = { ...(elsewhere.length > 0 && { pointers: elsewhere }), ...(before.length > 0 && { past: before }) };
  const place = placedAt(to, document._id);
  const leading = [...elsewhere, ...before.filter((rk) => rk !== from)].map((rk) => placedAt(rk, document._id));
  return [
    { replaceOne: { filter: { _id: place }, replacement: content({ ...document, trail }), upsert: true } },
    { replaceOne: { filter: { _id: document._id, version: document.version }, replacement: content(pointerTo(document, to, from)) } },
    ...leading.map((_id) => ({ updateOne: { filter: { _id, home: { $exists: true } }, update: { $set: { home: to } } } })),
  ];
}

/** As many at a time. */
async function* slices<Item>(items: AsyncIterable<Item>, size: number): AsyncGenerator<Item[]> {
  let slice: Item[] = [];
  for await (const item of items) {
    slice.push(item);
    if (slice.length < size) continue;
    yield slice;
    slice = [];
  }
  if (slice.length > 0) yield slice;
}
