/** The connection to MongoDB and the collections of the store. */
import { type Collection, MongoClient } from 'mongodb';
import type { PoolState } from '../administration.ts';
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
  readonly resources: Collection<StoredDocument>;
  readonly history: Collection<StoredDocument>;
  readonly locators: Collection<LocatorDocument>;
  readonly guards: Collection<GuardDocument>;
  readonly ledger: Collection<LedgerDocument>;
  readonly chunks: Collection<ChunkDocument>;
  readonly gateways: Collection<GatewayDocument>;
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
  return collectionsOf(client, pool, client.db().databaseName, 'primary');
}

/** The collections as they are read from a secondary where there is no primary. */
export function preferringPrimary({ client, pool, databaseName }: MongoCollections): MongoCollections {
  return collectionsOf(client, pool, databaseName, 'primaryPreferred');
}

function collectionsOf(
  client: MongoClient,
  pool: MongoCollections['pool'],
  databaseName: string,
  readPreference: 'primary' | 'primaryPreferred',
): MongoCollections {
  const database = client.db(databaseName, { readPreference });
  return {
    client,
    pool,
    databaseName,
    resources: database.collection('resources'),
    history: database.collection('history'),
    locators: database.collection('locators'),
    guards: database.collection('guards'),
    ledger: database.collection('ledger'),
    chunks: database.collection('chunks'),
    gateways: database.collection('gateways'),
  };
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
