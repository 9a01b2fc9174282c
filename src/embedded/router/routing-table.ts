/** Which shard holds which keys: the config server's `databases`, `collections` and `chunks`, kept until a shard says that they are stale. */
import { type Document, ObjectId, serialize, Timestamp } from 'bson';
import { runCursor } from './shards/command-client.ts';
import type { Shard } from './shards/shard.ts';
import { type Element, elementAt } from './wire/bson-bytes.ts';
import { compareValues, type Value, valueIn } from './wire/bson-order.ts';

export interface DatabaseRoute {
  readonly name: string;
  /** Id of the shard that holds the unsharded collections. */
  readonly primary: string;
  readonly version: Document;
}

/** A collection as the router sees it. */
export interface CollectionRoute {
  readonly isSharded: boolean;
  /** Ids of the shards that hold a part of it; for an unsharded one the database's primary. */
  readonly shards: readonly string[];
  /** For each of those, the elements that a plain command carries so that the shard can tell whether we are up to date. */
  readonly versions: ReadonlyMap<string, readonly Uint8Array[]>;
  /** Upper bounds of the chunks, ascending, and their owners. */
  readonly bounds: readonly Value[];
  readonly owners: readonly string[];
  readonly uuid: unknown;
}

const UNSHARDED = { e: new ObjectId('000000000000000000000000'), t: new Timestamp(0n), v: new Timestamp(0n) };

/** The elements of a document, each as bytes. */
export function elementsAsBytes(document: Document): Buffer[] {
  const bytes = Buffer.from(serialize(document));
  const elements: Buffer[] = [];
  for (let at = 4; at < bytes.length - 1; ) {
    const { end } = elementAt(bytes, at);
    elements.push(bytes.subarray(at, end));
    at = end;
  }
  return elements;
}

/** The one field of `{_id: value}` as a value in bytes. */
function keyOf(document: Document): Value {
  const bytes = Buffer.from(serialize({ _id: document._id }));
  const element: Element = elementAt(bytes, 4);
  return valueIn(bytes, element);
}

/** Index of the chunk that holds the key: the first whose upper bound is above it. */
export function chunkIndexOf({ bounds }: CollectionRoute, key: Value): number {
  let low = 0;
  let high = bounds.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (compareValues(key, bounds[middle] as Value) < 0) high = middle;
    else low = middle + 1;
  }
  return low;
}

export function ownerOf(route: CollectionRoute, key: Value): string {
  if (!route.isSharded) return route.shards[0] ?? '';
  return route.owners[chunkIndexOf(route, key)] ?? '';
}

export class RoutingTable {
  readonly #config: Shard;
  readonly #databases = new Map<string, DatabaseRoute>();
  readonly #collections = new Map<string, CollectionRoute>();
  readonly #loading = new Map<string, Promise<CollectionRoute | undefined>>();

  constructor(config: Shard) {
    this.#config = config;
  }

  /** What is known without asking. */
  cached(namespace: string): CollectionRoute | undefined {
    return this.#collections.get(namespace);
  }

  /** Undefined if the database does not exist. */
  async collection(namespace: string): Promise<CollectionRoute | undefined> {
    return this.#collections.get(namespace) ?? this.#load(namespace);
  }

  async database(name: string): Promise<DatabaseRoute | undefined> {
    const known = this.#databases.get(name);
    if (known) return known;
    const [found] = await this.read('databases', { _id: name });
    if (!found) return undefined;
    const route = { name, primary: found.primary, version: found.version };
    this.#databases.set(name, route);
    return route;
  }

  /** Forgets a collection and its database, so that the next use asks the config server. */
  forget(namespace: string): void {
    this.#collections.delete(namespace);
    this.#databases.delete(namespace.slice(0, namespace.indexOf('.')));
  }

  forgetAll(): void {
    this.#collections.clear();
    this.#databases.clear();
  }

  forgetDatabase(name: string): void {
    this.#databases.delete(name);
    for (const namespace of this.#collections.keys()) if (namespace.startsWith(`${name}.`)) this.#collections.delete(namespace);
  }

  /** Documents of a collection of the `config` database, as majority-committed. */
  async read(collection: string, filter: Document, sort?: Document): Promise<Document[]> {
    const command = { find: collection, filter, ...(sort && { sort }), readConcern: { level: 'majority' } };
    return runCursor(await this.#config.primary(), 'config', command);
  }

  /** Many requests that find the table stale at once make one look-up. */
  #load(namespace: string): Promise<CollectionRoute | undefined> {
    let loading = this.#loading.get(namespace);
    if (!loading) {
      loading = this.#fetch(namespace).finally(() => this.#loading.delete(namespace));
      this.#loading.set(namespace, loading);
    }
    return loading;
  }

  async #fetch(namespace: string): Promise<CollectionRoute | undefined> {
    const [collection] = await this.read('collections', { _id: namespace });
    const route = collection ? await this.#shardedRoute(collection) : await this.#unshardedRoute(namespace);
    if (route) this.#collections.set(namespace, route);
    return route;
  }

  async #unshardedRoute(namespace: string): Promise<CollectionRoute | undefined> {
    const database = await this.database(namespace.slice(0, namespace.indexOf('.')));
    if (!database) return undefined;
    const version = elementsAsBytes({ shardVersion: UNSHARDED, databaseVersion: database.version });
    return {
      isSharded: false,
      shards: [database.primary],
      versions: new Map([[database.primary, version]]),
      bounds: [],
      owners: [],
      uuid: undefined,
    };
  }

  async #shardedRoute(collection: Document): Promise<CollectionRoute> {
    const chunks = await this.read('chunks', { uuid: collection.uuid }, { min: 1 });
    const newest = new Map<string, Timestamp>();
    for (const { shard, lastmod } of chunks) {
      const known = newest.get(shard);
      if (!known || lastmod.greaterThan(known)) newest.set(shard, lastmod);
    }
    const versions = new Map<string, readonly Uint8Array[]>();
    for (const [shard, v] of newest) {
      versions.set(shard, elementsAsBytes({ shardVersion: { e: collection.lastmodEpoch, t: collection.timestamp, v } }));
    }
    return {
      isSharded: true,
      shards: [...newest.keys()].sort(),
      versions,
      bounds: chunks.map(({ max }) => keyOf(max)),
      owners: chunks.map(({ shard }) => shard),
      uuid: collection.uuid,
    };
  }
}
