/** The texts in `resources` and `history`, as they lie there. */
import type { AnyBulkWriteOperation } from 'mongodb';
import { identityOf } from '../../model/resource.ts';
import type { ReindexPage, ReindexPart } from '../reindex.ts';
import type { StoredTexts, TextChange } from '../stored-texts.ts';
import { chunkSetOf, dropReplacedChunks, storeChunks, textOf } from './chunks.ts';
import { DURABLE, type MongoCollections } from './client.ts';
import { historyIdOf, type StoredDocument, VERSION_FIELDS, versionOf } from './document.ts';
import { asked } from './retry.ts';

const PAST: ReindexPart = { store: 'mongodb', name: 'history', types: [], isPast: true };
/** Comes last: what the parts before it have put in another form leaves its earlier form here. */
const REPLACED: ReindexPart = { store: 'mongodb', name: 'replaced chunks', types: [], isPast: true };

export function createMongoTexts(collections: MongoCollections): StoredTexts {
  const { resources, history } = collections;

  async function page(after: string | undefined, limit: number): Promise<ReindexPage> {
    const range = after === undefined ? {} : { _id: { $gt: after } };
    const documents = await history.find(range, { projection: VERSION_FIELDS, sort: { _id: 1 }, limit }).toArray();
    const versions = await Promise.all(documents.map(async (document) => versionOf(document, await textOf(collections, document))));
    const last = documents.at(-1)?._id;
    return { versions: versions.filter(({ raw }) => raw !== ''), ...(documents.length === limit && last !== undefined && { after: last }) };
  }

  /** The parts first, then the document that names them: until then readers have the old ones, which `REPLACED` removes. */
  async function replaceInParts(_id: string, where: typeof resources, { version, stored, raw }: TextChange): Promise<void> {
    const set = await storeChunks(collections, { ...version, raw });
    const rawHash = { $in: [chunkSetOf(stored)?.rawHash, null] };
    const update = set ? { $set: set } : { $set: { raw }, $unset: { rawChunks: '' as const, rawHash: '' as const } };
    await where.updateOne({ _id, version: version.version, rawChunks: { $gt: 0 }, rawHash } as object, update, { writeConcern: DURABLE });
  }

  async function dropped(after: string | undefined, limit: number): Promise<ReindexPage> {
    const next = await dropReplacedChunks(collections, after ?? '', limit);
    return { versions: [], ...(next !== undefined && { after: next }) };
  }

  async function replace({ isPast }: ReindexPart, changes: readonly TextChange[]): Promise<void> {
    const where = isPast ? history : resources;
    const idOf = ({ version }: TextChange) => (isPast ? historyIdOf(identityOf(version), version.version) : identityOf(version));
    const statements = changes.map(
      (change): AnyBulkWriteOperation<StoredDocument> => ({
        updateOne: {
          filter: { _id: idOf(change), version: change.version.version, raw: change.stored },
          update: { $set: { raw: change.raw } },
        },
      }),
    );
    await asked(() => where.bulkWrite(statements, { ordered: false, writeConcern: DURABLE }));
    const ids = changes.map(idOf);
    const inParts = await asked(() => where.find({ _id: { $in: ids }, rawChunks: { $gt: 0 } }, { projection: { version: 1 } }).toArray());
    for (const { _id, version } of inParts) {
      const change = changes.find((each) => idOf(each) === _id && each.version.version === version);
      if (change) await asked(() => replaceInParts(_id, where, change));
    }
  }

  return {
    parts: async () => [PAST, REPLACED],
    page: (part, after, limit) => asked(() => (part.name === REPLACED.name ? dropped(after, limit) : page(after, limit))),
    replace,
  };
}
