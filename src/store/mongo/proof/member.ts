/**
 * One member of a replica set read directly, as it was at one cluster time: on a secondary as on the primary, whatever is
 * written meanwhile.
 * @see https://www.mongodb.com/docs/manual/reference/read-concern-snapshot/
 */
import { createHash } from 'node:crypto';
import type { ClientSession, ClusterTime, Document, MongoClient } from 'mongodb';
import type { KeyedDigest } from '../../proof/compare-members.ts';
import { RANGE_LENGTH, type RangeDigest } from '../../proof/proof.ts';
import { openShard } from '../cluster/shard-watch.ts';

/** How long a member may take to reach the cluster time; milliseconds. */
const REACH_WITHIN_MS = 15_000;
/** Documents of a batch: some megabytes. */
const BATCH = 2_000;

export interface SnapshotMember {
  readonly host: string;
  /** Digests of a collection by range, in order. */
  digests(collection: string): Promise<readonly RangeDigest[]>;
  /** Each document of one range. */
  documents(collection: string, range: string): AsyncGenerator<KeyedDigest>;
  close(): Promise<void>;
}

interface SnapshotOptions {
  /** The replica set's name. */
  readonly set: string;
  readonly host: string;
  readonly databaseName: string;
  readonly at: ClusterTime;
  readonly signal: AbortSignal;
}

/** The member once it has reached that time. @throws if it can't be reached or does not get there */
export async function openMember(cluster: MongoClient, { set, host, databaseName, at, signal }: SnapshotOptions): Promise<SnapshotMember> {
  const client = openShard(cluster, set, host, { directConnection: true });
  try {
    await client.connect();
    const session = client.startSession({ causalConsistency: false });
    session.advanceClusterTime(at);
    const read = rawReader(client, session, { databaseName, at, signal });
    await read('ledger', {}, { limit: 1, maxTimeMS: REACH_WITHIN_MS }).next();
    return {
      host,
      digests: (collection) => digestsOf(collection, read(collection, {})),
      documents: (collection, range) => documentsOf(read(collection, { _id: { $gte: range, $lt: `${range}\uffff` } })),
      close: async () => {
        await session.endSession().catch(() => undefined);
        await client.close();
      },
    };
  } catch (error) {
    await client.close();
    throw error;
  }
}

/** Batches of documents as the bytes that lie on the member. */
type ReadRaw = (collection: string, filter: Document, more?: Document) => AsyncGenerator<readonly Buffer[]>;

function rawReader(
  client: MongoClient,
  session: ClientSession,
  { databaseName, at, signal }: Omit<SnapshotOptions, 'set' | 'host'>,
): ReadRaw {
  const readConcern = { level: 'snapshot', atClusterTime: at.clusterTime };
  return async function* read(collection, filter, more = {}) {
    const command = { find: collection, filter, sort: { _id: 1 }, hint: { _id: 1 }, batchSize: BATCH, readConcern, ...more };
    // The driver hands BSON on as it came when it is asked to; its types don't know that it does so for commands.
    const options = { session, raw: true, readPreference: 'nearest' } as object;
    const cursor = client.db(databaseName).runCursorCommand(command, options);
    cursor.setBatchSize(BATCH);
    try {
      for (let first = await cursor.next(); first; first = await cursor.next()) {
        signal.throwIfAborted();
        yield [first, ...cursor.readBufferedDocuments()] as unknown as readonly Buffer[];
      }
    } finally {
      await cursor.close().catch(() => undefined);
    }
  };
}

async function digestsOf(collection: string, batches: AsyncGenerator<readonly Buffer[]>): Promise<readonly RangeDigest[]> {
  const digests: RangeDigest[] = [];
  let hash = createHash('sha256');
  let range: string | undefined;
  let documents = 0;
  const close = () => {
    if (range !== undefined) digests.push({ collection, range, documents, digest: hash.digest('hex') });
    hash = createHash('sha256');
    documents = 0;
  };
  for await (const batch of batches) {
    for (const document of batch) {
      const own = idOf(document, RANGE_LENGTH);
      if (own !== range) {
        close();
        range = own;
      }
      hash.update(document);
      documents++;
    }
  }
  close();
  return digests;
}

async function* documentsOf(batches: AsyncGenerator<readonly Buffer[]>): AsyncGenerator<KeyedDigest> {
  for await (const batch of batches) {
    for (const document of batch) yield { id: idOf(document), digest: createHash('sha256').update(document).digest('hex') };
  }
}

/** `_id`, which is a document's first element: a length, a type, a name, then a text with its own length. */
const ID_START = 13;

/** The document's `_id`, or so many characters of it. @throws for an `_id` that is no text */
function idOf(document: Buffer, length = document.readInt32LE(ID_START - 4) - 1): string {
  if (document[4] !== 2 || document.toString('latin1', 5, 9) !== '_id\0') throw new Error('a document whose key is no text');
  return document.toString('utf8', ID_START, ID_START + length);
}
