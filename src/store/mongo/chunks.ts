/**
 * Texts too large for one document (a MongoDB document holds 16 MiB): kept in parts, written before the commit that names
 * them, so that a crash leaves at worst parts that nobody names; `sweepChunks` removes those.
 */
import type { ResourceVersion } from '../../model/resource.ts';
import { identityOf } from '../../model/resource.ts';
import type { MongoCollections } from './client.ts';
import { DURABLE } from './client.ts';
import { historyIdOf, type StoredDocument } from './document.ts';
import { retryTransient } from './retry.ts';

/** A text longer than this many UTF-16 units is kept in parts: at 3 bytes a unit two of them still fit one document. */
const INLINE_LENGTH = 2 * 1024 * 1024;
const PART_LENGTH = 2 * 1024 * 1024;

/** Into how many parts a text goes; 0 for one that stays in its document. */
export function chunkCountOf(text: string): number {
  return text.length <= INLINE_LENGTH ? 0 : partsOf(text).length;
}

function chunkIdOf(versionId: string, part: number): string {
  return `${versionId}/${String(part).padStart(5, '0')}`;
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

/** Stores the parts of a version's text if it needs any; gives their number. Safe to repeat. */
export async function storeChunks({ chunks }: MongoCollections, version: ResourceVersion): Promise<number> {
  if (version.raw.length <= INLINE_LENGTH) return 0;
  const versionId = historyIdOf(identityOf(version), version.version);
  const parts = partsOf(version.raw);
  for (const [part, text] of parts.entries()) {
    const _id = chunkIdOf(versionId, part);
    await retryTransient(() => chunks.replaceOne({ _id }, { at: new Date(), text }, { upsert: true, writeConcern: DURABLE }));
  }
  return parts.length;
}

/** The whole text of a version, whether it lies in its document or in parts. */
export async function textOf({ chunks }: MongoCollections, document: StoredDocument): Promise<string> {
  if (!document.rawChunks) return document.raw ?? '';
  const versionId = document._id.split('/').length > 3 ? document._id : historyIdOf(document._id, document.version);
  const ids = Array.from({ length: document.rawChunks }, (_, part) => chunkIdOf(versionId, part));
  const parts = await retryTransient(() => chunks.find({ _id: { $in: ids } }).toArray());
  const textById = new Map(parts.map((part) => [part._id, part.text]));
  return ids.map((id) => textById.get(id) ?? '').join('');
}

/** Removes parts older than `before` that no version names. Gives how many went. */
export async function sweepChunks({ chunks, resources, history }: MongoCollections, before: Date): Promise<number> {
  let removed = 0;
  for await (const { _id } of chunks.find({ at: { $lt: before } }, { projection: { _id: 1 } })) {
    const versionId = _id.slice(0, _id.lastIndexOf('/'));
    const identity = versionId.slice(0, versionId.lastIndexOf('/'));
    const version = Number(versionId.slice(identity.length + 1));
    const isNamed =
      (await history.countDocuments({ _id: versionId }, { limit: 1 })) > 0 ||
      (await resources.countDocuments({ _id: identity, version, rawChunks: { $gt: 0 } }, { limit: 1 })) > 0;
    if (!isNamed) removed += (await chunks.deleteOne({ _id })).deletedCount;
  }
  return removed;
}
