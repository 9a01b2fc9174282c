/** MongoDB's driver alone: insert, find and replace, one by one and in batches of as many as there are clients. */
import { randomBytes, randomInt } from 'node:crypto';
import { MongoClient } from 'mongodb';
import { DURABLE } from '../../src/store/mongo/client.ts';
import { historyIdOf, type StoredDocument, VERSION_FIELDS } from '../../src/store/mongo/document.ts';
import { migrateMongo } from '../../src/store/mongo/migrate.ts';
import type { Operation } from '../measure.ts';
import type { RawWork } from './work.ts';

const DATABASE = 'bench_raw';
const TEMPLATES = 200;
const KNOWN = 2000;

export interface RawMongo {
  readonly client: MongoClient;
  /** Where the gateway's own documents are. */
  readonly source: ReturnType<MongoClient['db']>;
  /** Same collections, same shard keys, same indexes. */
  readonly target: ReturnType<MongoClient['db']>;
  operation(work: RawWork, batch: number): Operation;
}

export const randomRecordKey = (): string => `00${randomBytes(4).toString('hex')}`;

export async function openRawMongo(uri: string): Promise<RawMongo> {
  const client = new MongoClient(uri, { maxPoolSize: 50, writeConcern: DURABLE, enableUtf8Validation: false });
  await client.connect();
  const source = client.db();
  const target = client.db(DATABASE);
  await migrateMongo(client, DATABASE);
  const resources = target.collection<StoredDocument>('resources');
  const history = target.collection<StoredDocument>('history');
  const templates = await source.collection<StoredDocument>('resources').find({ type: 'Observation' }).limit(TEMPLATES).toArray();
  let number = 0;
  const fresh = (): StoredDocument => {
    const template = templates[number % templates.length] as StoredDocument;
    return { ...template, _id: `${randomRecordKey()}/Observation/raw-${process.pid}-${number++}`, at: new Date() };
  };
  const known = Array.from({ length: KNOWN }, fresh);
  await resources.insertMany(known, { ordered: false });

  const find = async () => {
    const { _id } = known[randomInt(KNOWN)] as StoredDocument;
    if (!(await resources.findOne({ _id }, { projection: VERSION_FIELDS }))?.raw) throw new Error('nothing found');
    return 1;
  };
  const findBatched = (batch: number) => async () => {
    const ids = [...new Set(Array.from({ length: batch }, () => (known[randomInt(KNOWN)] as StoredDocument)._id))];
    const found = await resources.find({ _id: { $in: ids } }, { projection: VERSION_FIELDS, batchSize: 1000 }).toArray();
    if (found.length !== ids.length) throw new Error('not all found');
    return ids.length;
  };
  let at = 0;
  const replacements = (count: number) =>
    Array.from({ length: count }, () => {
      const index = at++ % KNOWN;
      const before = known[index] as StoredDocument;
      const after = { ...before, version: before.version + 1, at: new Date() };
      known[index] = after;
      const { s, r, pc, d, o, patients, ...version } = before;
      return { before: { ...version, _id: historyIdOf(before._id, before.version) }, after, version: before.version };
    });
  const replaceBatched = (batch: number) => async () => {
    const all = replacements(batch);
    await history.insertMany(
      all.map(({ before }) => before),
      { ordered: false },
    );
    const updates = all.map(({ after, version }) => ({ q: { _id: after._id, version }, u: after, upsert: true }));
    const reply = await target.command({ update: 'resources', updates, ordered: false, writeConcern: DURABLE });
    if (reply.nModified !== batch) throw new Error('not all replaced');
    return batch;
  };

  return {
    client,
    source,
    target,
    operation(work, batch) {
      switch (work) {
        case 'insert':
          return async () => Number((await resources.insertOne(fresh())).acknowledged);
        case 'insert batched':
          return async () => (await resources.insertMany(Array.from({ length: batch }, fresh), { ordered: false })).insertedCount;
        case 'find':
          return find;
        case 'find batched':
          return findBatched(batch);
        case 'replace':
          return replaceBatched(1);
        case 'replace batched':
          return replaceBatched(batch);
        default:
          throw new Error(`not MongoDB's: ${work}`);
      }
    },
  };
}
