/**
 * Texts too large for one document (a MongoDB document holds 16 MiB): kept in parts, written before the commit that names
 * them, so that a crash leaves at worst parts that nobody names; `sweepChunks` removes those. The parts of one text are a set
 * with a name of its own: a version's text in another form (see `../layers/sealed-store.ts`) is another set, never the same one changed.
 */
import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { unavailable } from '../../model/error.ts';
import type { ResourceVersion } from '../../model/resource.ts';
import { identityOf } from '../../model/resource.ts';
import type { MongoCollections } from './client.ts';
import { DURABLE } from './client.ts';
import { type ChunkSet, historyIdOf, identityInVersionId, type StoredDocument } from './document.ts';
import { retryTransient } from './retry.ts';

/** A text longer than this many UTF-16 units is kept in parts: at 3 bytes a unit two of them still fit one document. */
const INLINE_LENGTH = 2 * 1024 * 1024;
const PART_LENGTH = 2 * 1024 * 1024;
/** Looks at a document whose parts are being replaced before a read gives up. */
const MOST_LOOKS = 4;

/** The set into which a text goes; undefined for one that stays in its document. */
export function chunkSetOf(text: string): ChunkSet | undefined {
  if (text.length <= INLINE_LENGTH) return;
  return { rawChunks: partsOf(text).length, rawHash: createHash('sha256').update(text).digest('base64url').slice(0, 22) };
}

/** Sets of documents written before sets had names have none. */
const setIdOf = (versionId: string, rawHash: string | undefined) => (rawHash === undefined ? versionId : `${versionId}/${rawHash}`);

function chunkIdsOf(versionId: string, { rawChunks, rawHash }: Partial<ChunkSet>): string[] {
  return Array.from({ length: rawChunks ?? 0 }, (_, part) => `${setIdOf(versionId, rawHash)}/${String(part).padStart(5, '0')}`);
}

/** Cuts never fall between the two halves of a surrogate pair, which could not be stored as UTF-8. */
function partsOf(text: string): string[] {
  const parts: string[] = [];
  for (let start = 0; start < text.length; ) {
    let end = Math.min(start + PART_LENGTH, text.length);
    const last = text.charCodeAt(end - 1);
    if (end < text.length && last >= 0xd800 && last <= 0xdbff) end--;
    parts.push(text.slice(start, end));
    start = end;
  }
  return parts;
}

/** Stores the parts of a version's text if it needs any; gives their set. Safe to repeat. */
export async function storeChunks({ chunks }: MongoCollections, version: ResourceVersion): Promise<ChunkSet | undefined> {
  const set = chunkSetOf(version.raw);
  if (!set) return;
  const ids = chunkIdsOf(historyIdOf(identityOf(version), version.version), set);
  for (const [part, text] of partsOf(version.raw).entries()) {
    const _id = ids[part] as string;
    await retryTransient(() => chunks.replaceOne({ _id }, { at: new Date(), text }, { upsert: true, writeConcern: DURABLE }));
  }
  return set;
}

/**
 * The whole text of a version, whether it lies in its document or in parts.
 * @throws FhirError 503 while the version is being erased
 */
export async function textOf(collections: MongoCollections, document: StoredDocument): Promise<string> {
  if (!document.rawChunks) return document.raw ?? '';
  const versionId = document._id.split('/').length > 3 ? document._id : historyIdOf(document._id, document.version);
  let named: StoredDocument | null = document;
  for (let looks = 1; named; looks++) {
    const text = named.rawChunks ? await joinedText(collections, chunkIdsOf(versionId, named)) : named.raw;
    if (text !== undefined) return text;
    if (looks === MOST_LOOKS) break;
    await sleep(25 * looks);
    // Its parts have gone: by now it names others.
    named = await retryTransient(() => documentOfVersion(collections, versionId));
  }
  throw unavailable('A resource is just being erased or put in another form.', 1);
}

/** Undefined unless every part is there. */
async function joinedText({ chunks }: MongoCollections, ids: readonly string[]): Promise<string | undefined> {
  const parts = await retryTransient(() => chunks.find({ _id: { $in: [...ids] } }).toArray());
  const textById = new Map(parts.map((part) => [part._id, part.text]));
  return textById.size === ids.length ? ids.map((id) => textById.get(id)).join('') : undefined;
}

async function documentOfVersion({ resources, history }: MongoCollections, versionId: string): Promise<StoredDocument | null> {
  return (await history.findOne({ _id: versionId })) ?? (await resources.findOne(currentAt(versionId)));
}

/** Finds the document of the version as long as that is the current one. */
function currentAt(versionId: string) {
  const identity = identityInVersionId(versionId);
  return { _id: identity, version: Number(versionId.slice(identity.length + 1)), home: { $exists: false } };
}

/** Removes parts older than `before` that no version names. Gives how many went. */
export async function sweepChunks(collections: MongoCollections, before: Date): Promise<number> {
  const { chunks } = collections;
  let removed = 0;
  for await (const { _id } of chunks.find({ at: { $lt: before } }, { projection: { _id: 1 } })) {
    const { isNamed } = await namesOf(collections, _id);
    if (!isNamed) removed += (await chunks.deleteOne({ _id, at: { $lt: before } })).deletedCount;
  }
  return removed;
}

/**
 * Removes, among `limit` parts after `after`, those of versions whose text has come to lie elsewhere: in another set, or in the
 * document. Parts of versions that nobody has committed yet stay. Gives where to go on; undefined at the end.
 * Only for when no write in an earlier form is under way any more.
 */
export async function dropReplacedChunks(collections: MongoCollections, after: string, limit: number): Promise<string | undefined> {
  const { chunks } = collections;
  const found = await chunks.find({ _id: { $gt: after } }, { projection: { _id: 1 }, sort: { _id: 1 }, limit }).toArray();
  for (const { _id } of found) {
    const { isNamed, isStored } = await namesOf(collections, _id);
    if (isStored && !isNamed) await chunks.deleteOne({ _id }, { writeConcern: DURABLE });
  }
  return found.length === limit ? found.at(-1)?._id : undefined;
}

/** Whether the version of a part is stored, and whether one of its documents names the part's set. */
async function namesOf({ resources, history }: MongoCollections, chunkId: string) {
  const setId = chunkId.slice(0, chunkId.lastIndexOf('/'));
  const [rk, type, id, version, rawHash] = setId.split('/');
  const versionId = [rk, type, id, version].join('/');
  const options = { projection: { rawChunks: 1, rawHash: 1 } } as const;
  const documents = [await history.findOne({ _id: versionId }, options), await resources.findOne(currentAt(versionId), options)];
  const there = documents.filter((document) => document !== null);
  return { isStored: there.length > 0, isNamed: there.some((each) => each.rawChunks && each.rawHash === rawHash) };
}
