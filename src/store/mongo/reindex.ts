/** Index entries of documents made anew, shard by shard, in the order of `_id`, which never changes. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { AnyBulkWriteOperation } from 'mongodb';
import { identityOf } from '../../model/resource.ts';
import type { Reindexed, ReindexPage, ReindexPart, ReindexStore } from '../reindex.ts';
import { textOf } from './chunks.ts';
import type { MongoCollections } from './client.ts';
import { ownedRanges } from './cluster/topology.ts';
import { documentOf, type StoredDocument, VERSION_FIELDS, versionOf } from './document.ts';
import { asked } from './retry.ts';

/** Whose record a resource is in (`patients`) says where it lies, and is not made anew. */
type EntryField = Exclude<keyof StoredDocument, keyof typeof VERSION_FIELDS | '_id' | 'patients'>;
/** A record, so that the compiler misses none. */
const ENTRIES: Readonly<Record<EntryField, true>> = { s: true, sn: true, r: true, rn: true, pc: true, d: true, o: true };
const ENTRY_FIELDS = Object.keys(ENTRIES) as readonly EntryField[];

export function createMongoReindex(collections: MongoCollections): ReindexStore {
  const { resources } = collections;

  async function parts(types: readonly string[]): Promise<ReindexPart[]> {
    if (types.length === 0) return [];
    const starts = (await ownedRanges(collections)).map(({ shard, min }) => ({ name: shard, min: min === 'MinKey' ? '' : min }));
    // From each start to the next, so that no key is left out while a range is on its way to another shard.
    const inOrder = starts
      .filter(({ min }, at) => starts.findIndex((other) => other.min === min) === at)
      .sort((a, b) => (a.min < b.min ? -1 : 1));
    return inOrder.map(({ name, min }, at) => {
      const next = inOrder[at + 1]?.min;
      return {
        store: 'mongodb',
        name: min === '' ? name : `${name} from ${min}`,
        types,
        from: min,
        ...(next !== undefined && { to: next }),
      };
    });
  }

  /** Looks at `limit` documents of whatever type, so that a page of a rare type is bounded too. */
  async function page({ types, from, to }: ReindexPart, after: string | undefined, limit: number): Promise<ReindexPage> {
    const start = after !== undefined ? { $gt: after } : from !== undefined ? { $gte: from } : {};
    const range = { ...start, ...(to !== undefined && { $lt: to }) };
    const filter = Object.keys(range).length > 0 ? { _id: range } : {};
    const seen = await resources.find(filter, { projection: { type: 1 }, sort: { _id: 1 }, limit }).toArray();
    const wanted = seen.filter(({ type }) => types.includes(type)).map(({ _id }) => _id);
    const current = { _id: { $in: wanted }, home: { $exists: false }, deleted: { $exists: false } };
    const documents = wanted.length === 0 ? [] : await resources.find(current, { projection: VERSION_FIELDS }).toArray();
    const versions = await Promise.all(documents.map(async (document) => versionOf(document, await textOf(collections, document))));
    const last = seen.at(-1)?._id;
    return { versions, ...(seen.length === limit && last !== undefined && { after: last }) };
  }

  return {
    parts: (types) => asked(() => parts(types)),
    // A transaction under way is seen as it was before; MongoDB ends those whose gateway has gone.
    settle: () => sleep(0),
    page: (part, after, limit) => asked(() => page(part, after, limit)),
    async rewrite(_part, items) {
      const statements = items.flatMap(statementsOf);
      if (statements.length > 0) await asked(() => resources.bulkWrite(statements, { ordered: false }));
    },
  };
}

/** The document of the resource, and the pointers to it, which carry the same entries. */
function statementsOf({ version, index }: Reindexed): AnyBulkWriteOperation<StoredDocument>[] {
  const document = documentOf({ ...version, index }, undefined);
  const there = ENTRY_FIELDS.filter((field) => document[field] !== undefined);
  const update = {
    ...(there.length > 0 && { $set: Object.fromEntries(there.map((field) => [field, document[field]])) }),
    ...(there.length < ENTRY_FIELDS.length && {
      $unset: Object.fromEntries(ENTRY_FIELDS.filter((field) => !there.includes(field)).map((field) => [field, ''])),
    }),
  };
  const at = (rk: string, isPointer: boolean) => ({
    updateOne: { filter: { _id: identityOf({ ...version, rk }), version: version.version, home: { $exists: isPointer } }, update },
  });
  return [at(version.rk, false), ...(version.trail?.pointers ?? []).map((rk) => at(rk, true))] as AnyBulkWriteOperation<StoredDocument>[];
}
