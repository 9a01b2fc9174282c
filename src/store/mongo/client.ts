/** The connection to MongoDB and the collections of the store. */
import { type ClientSession, type Collection, type Db, type Document, MongoClient, ReadConcern } from 'mongodb';
import type { PoolState } from '../administration.ts';
import type { ReadPreference } from '../read-terms.ts';
import type { ChunkDocument, GatewayDocument, GuardDocument, LedgerDocument, LocatorDocument, StoredDocument } from './document.ts';

export interface MongoOptions {
  /** A `mongos` (sharded) or a replica set; the database name is part of it. */
  readonly uri: string;
  /** Connections at most; default 50. */
  readonly maxPoolSize?: number;
  /** How long an operation looks for a primary before it gives up; milliseconds, default 10,000. */
  readonly serverSelectionTimeoutMs?: number;
}

export interface MongoCollections {
  readonly client: MongoClient;
  /** Connections to all members and routers together. */
  readonly pool: PoolState;
  readonly databaseName: string;
  /** For commands that are none of a collection's. */
  readonly database: Db;
  /** How they are read, and the session in which they are, if in one. */
  readonly reads: Reads;
  readonly resources: Collection<StoredDocument>;
  readonly history: Collection<StoredDocument>;
  readonly locators: Collection<LocatorDocument>;
  readonly guards: Collection<GuardDocument>;
  readonly ledger: Collection<LedgerDocument>;
  readonly chunks: Collection<ChunkDocument>;
  readonly gateways: Collection<GatewayDocument>;
}

interface Reads {
  readonly preference: ReadPreference;
  readonly session?: ClientSession;
}

/** Every collection of the store, all sharded on `_id`. */
export const COLLECTIONS = ['resources', 'history', 'locators', 'guards', 'ledger', 'chunks', 'gateways'] as const;

/** Majority, journalled: what was acknowledged survives the loss of a primary. */
export const DURABLE = { w: 'majority', j: true } as const;

/** Connects. @throws the driver's error when nobody answers within the selection time-out */
export async function connectMongo(options: MongoOptions): Promise<MongoCollections> {
  const client = new MongoClient(options.uri, {
    appName: 'meridian',
    maxPoolSize: options.maxPoolSize ?? 50,
    serverSelectionTimeoutMS: options.serverSelectionTimeoutMs ?? 10_000,
    writeConcern: DURABLE,
    readPreference: 'primary',
    ignoreUndefined: true,
    // Our own texts come back: they were valid UTF-8 when they were stored.
    enableUtf8Validation: false,
  });
  const pool = watchPool(client);
  await client.connect();
  return collectionsOf(client, pool, client.db().databaseName, { preference: 'primary' });
}

/** The collections as they are read from a secondary where there is no primary. */
export function preferringPrimary(collections: MongoCollections): MongoCollections {
  const { preference, ...reads } = collections.reads;
  return preference === 'primary' ? readingAs(collections, { ...reads, preference: 'primaryPreferred' }) : collections;
}

/** The same collections, read in another way. They are not for writing. */
export function readingAs({ client, pool, databaseName }: MongoCollections, reads: Reads): MongoCollections {
  return collectionsOf(client, pool, databaseName, reads);
}

function collectionsOf(client: MongoClient, pool: MongoCollections['pool'], databaseName: string, reads: Reads): MongoCollections {
  const { preference, session } = reads;
  // What a session waits for must not be undone again.
  const database = client.db(databaseName, { readPreference: preference, ...(session && { readConcern: new ReadConcern('majority') }) });
  const collection = <Schema extends Document>(name: (typeof COLLECTIONS)[number]) => {
    const plain = database.collection<Schema>(name);
    return session ? inSession(plain, session) : plain;
  };
  return {
    client,
    pool,
    databaseName,
    database,
    reads,
    resources: collection('resources'),
    history: collection('history'),
    locators: collection('locators'),
    guards: collection('guards'),
    ledger: collection('ledger'),
    chunks: collection('chunks'),
    gateways: collection('gateways'),
  };
}

/** The collection, whose reads are all in the session. */
function inSession<Schema extends Document>(collection: Collection<Schema>, session: ClientSession): Collection<Schema> {
  const reads: Pick<Collection<Schema>, 'find' | 'findOne' | 'aggregate' | 'countDocuments'> = {
    find: (filter = {}, options = {}) => collection.find(filter, { ...options, session }) as never,
    findOne: (filter = {}, options = {}) => collection.findOne(filter, { ...options, session }) as never,
    aggregate: (pipeline, options) => collection.aggregate(pipeline, { ...options, session }),
    countDocuments: (filter, options) => collection.countDocuments(filter, { ...options, session }),
  };
  return Object.assign(Object.create(collection) as Collection<Schema>, reads);
}

/** Counts by the driver's own events. @see https://www.mongodb.com/docs/drivers/node/current/monitoring-and-logging/monitoring/ */
function watchPool(client: MongoClient): PoolState {
  const state = { name: 'mongodb', open: 0, busy: 0, waiting: 0 };
  client.on('connectionCreated', () => state.open++);
  client.on('connectionClosed', () => state.open--);
  client.on('connectionCheckOutStarted', () => state.waiting++);
  client.on('connectionCheckOutFailed', () => state.waiting--);
  client.on('connectionCheckedOut', () => {
    state.waiting--;
    state.busy++;
  });
  client.on('connectionCheckedIn', () => state.busy--);
  return state;
}
