/** Reads by key, batched: keys that arrive while a read is in flight leave as one `find` with `$in`. */
import { identityOf, type ResourceKey, type ResourceVersion } from '../../model/resource.ts';
import { BATCHING, createBatcher, type Outcome } from '../batcher.ts';
import { textOf } from './chunks.ts';
import { type MongoCollections, preferringPrimary } from './client.ts';
import { COMMAND_WITHIN_MS } from './cluster/one-shard.ts';
import type { ShardTrips } from './cluster/shard-trips.ts';
import { hintOf, historyIdOf, locatorIdOf, type StoredDocument, VERSION_FIELDS, versionOf } from './document.ts';
import { findOnce } from './find-once.ts';
import type { Placing } from './write/unit-plan.ts';

export interface MongoReader {
  /** The current version, also of a deletion; undefined if there never was one. */
  read(key: ResourceKey): Promise<ResourceVersion | undefined>;
  readVersion(key: ResourceKey, version: number): Promise<ResourceVersion | undefined>;
  /** The identities of those keys that the store knows, by a look at locators only where the id does not tell. */
  identitiesOf(keys: readonly ResourceKey[]): Promise<readonly string[]>;
}

const itself = (id: string) => id;

/** Moves that may overtake one read before it gives up. */
const MOST_HOPS = 8;

export function createReader(collections: MongoCollections, { isOwnerType, records }: Placing, trips: ShardTrips): MongoReader {
  const from = { primary: collections, primaryPreferred: preferringPrimary(collections) };

  /** Finds documents by `_id`; undefined where there is none. */
  function byId<Document extends { readonly _id: string }>(
    find: (ids: readonly string[], collections: MongoCollections) => Promise<Document[]>,
  ): (id: string) => Promise<Document | undefined> {
    return createBatcher<string, Document | undefined>({
      maxItems: 500,
      ...BATCHING,
      run: (ids) =>
        trips.read(ids, itself, async (those, mode) => {
          const documents = await find(those, from[mode]);
          const found = new Map(documents.map((document) => [document._id, document]));
          return those.map((id): Outcome<Document | undefined> => ({ ok: found.get(id) }));
        }),
    });
  }

  const idFilter = (ids: readonly string[]) => (ids.length === 1 ? { _id: ids[0] as string } : { _id: { $in: [...ids] } });
  const within = { maxTimeMS: COMMAND_WITHIN_MS };
  const ofVersion = { projection: VERSION_FIELDS, ...within };
  const documentAt = byId((ids, reads) => findOnce(reads, 'resources', idFilter(ids), ofVersion));
  const historyAt = byId((ids, reads) => findOnce(reads, 'history', idFilter(ids), ofVersion));
  const locatorAt = byId((ids, reads) => findOnce(reads, 'locators', idFilter(ids), within));

  /** The document at a record key, or where the pointer or forwarder there leads; undefined if that has forwarders only. */
  async function follow(rk: string, key: ResourceKey, mostHops = 1): Promise<StoredDocument | undefined> {
    let document = await documentAt(identityOf({ ...key, rk }));
    for (let hops = 0; document?.home && hops < mostHops; hops++) document = await documentAt(identityOf({ ...key, rk: document.home }));
    return document?.home ? undefined : document;
  }

  async function currentDocument(key: ResourceKey): Promise<StoredDocument | undefined> {
    const isOwner = isOwnerType(key.type);
    const hint = key.type === 'Patient' ? records.of(key.id) : hintOf(key, isOwnerType);
    // An owner's place is known but for a move under way, or no longer known to be complete.
    const document = hint === undefined ? undefined : await follow(hint, key, isOwner ? MOST_HOPS : 1);
    if (document || (hint !== undefined && isOwner)) return document;
    // What moved more than once has a forwarder behind its forwarder; the locator knows its last place.
    const locator = await locatorAt(locatorIdOf(key));
    return locator && follow(locator.rk, key, MOST_HOPS);
  }

  async function read(key: ResourceKey): Promise<ResourceVersion | undefined> {
    const document = await currentDocument(key);
    return document && versionOf(document, await textOf(collections, document));
  }

  return {
    read,

    async readVersion(key, version) {
      const current = await read(key);
      if (!current || version >= current.version) return current?.version === version ? current : undefined;
      const places = [current.rk, ...(current.trail?.past ?? [])];
      const documents = await Promise.all(places.map((rk) => historyAt(historyIdOf(identityOf({ ...key, rk }), version))));
      const document = documents.find((candidate) => candidate !== undefined);
      return document && versionOf(document, await textOf(collections, document));
    },

    async identitiesOf(keys) {
      const identities = await Promise.all(
        keys.map(async (key) => {
          if (key.type === 'Patient') return records.all(key.id).map((rk) => identityOf({ ...key, rk }));
          const located = isOwnerType(key.type) ? undefined : await locatorAt(locatorIdOf(key));
          const rk = located?.rk ?? hintOf(key, isOwnerType);
          return rk === undefined ? [] : [identityOf({ ...key, rk })];
        }),
      );
      return identities.flat();
    },
  };
}
