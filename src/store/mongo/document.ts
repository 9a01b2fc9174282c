/** The documents that the store keeps, and their way to and from a version. */

import { recordKeyOf, suffixOf } from '../../model/record-key.ts';
import {
  type Author,
  type IndexEntries,
  identityOf,
  type ResourceDraft,
  type ResourceKey,
  type ResourceVersion,
  type Trail,
} from '../../model/resource.ts';
import { isNarrowing, isNarrowingKey } from '../../search/parameters/entry-text.ts';
import { shortKey } from './short-key.ts';

/**
 * A version in `resources` (current; `_id` = identity) or `history` (`_id` = identity + zero-padded version).
 * A pointer has `home` and the index fields but no `raw`; a forwarder, left where a resource was before it moved, has `home` only.
 */
export interface StoredDocument extends Partial<IndexEntries> {
  /** Entries of `s` and `r` that only narrow what others find, and have no index: see `isNarrowing`. `k` is a `shortKey`. */
  readonly sn?: IndexEntries['s'];
  readonly rn?: readonly { readonly k: number; readonly lo: number; readonly hi: number }[];
  readonly _id: string;
  readonly type: string;
  readonly id: string;
  readonly version: number;
  readonly at: Date;
  readonly by?: { readonly c: string; readonly s: string; readonly r: string };
  readonly method?: ResourceVersion['method'];
  readonly deleted?: true;
  readonly raw?: string;
  /** How many documents of `chunks` hold `raw`, when it is too large for one document. */
  readonly rawChunks?: number;
  /** Which: a hash of the text as it is stored. Documents written before there were several sets have none. */
  readonly rawHash?: string;
  /** The record key where the resource itself lies. */
  readonly home?: string;
  readonly trail?: Trail;
}

/** The parts in which a text lies that is too large for its document. */
export type ChunkSet = Required<Pick<StoredDocument, 'rawChunks' | 'rawHash'>>;

/** Where a resource lies whose id does not tell: `_id` = `<hash of Type/id>/<Type>/<id>`, spread over the shards. */
export interface LocatorDocument {
  readonly _id: string;
  readonly rk: string;
}

/** A lock on the criteria of a conditional write. */
export interface GuardDocument {
  readonly _id: string;
  /** Whose it is. */
  readonly gateway: string;
  /** Tells it from later locks under the same key. */
  readonly unit: string;
  readonly at: Date;
}

/** A two-phase commit's marker, an idempotency record, or a secret that gateways share. */
export interface LedgerDocument {
  readonly _id: string;
  readonly kind: 'transaction' | 'idempotency' | 'secret' | 'labels' | 'drill' | 'moving';
  readonly at: Date;
  readonly state?: 'committed' | 'aborted';
  readonly bodyHash?: string;
  readonly answer?: string;
  /** See `LedgerMarker`. */
  readonly writes?: readonly string[];
}

/** A part of a text that is too large for one document. */
export interface ChunkDocument {
  readonly _id: string;
  readonly at: Date;
  readonly text: string;
}

/** A gateway's heartbeat: it will never again commit a version older than `horizon`. `_id` = `<any record key>/<gateway>`. */
export interface GatewayDocument {
  readonly _id: string;
  readonly gateway: string;
  readonly place: string;
  /** The seat on another shard that this one stands for. */
  readonly supersedes?: string;
  readonly beatAt: Date;
  readonly horizon: Date;
  /** Names of the search parameters whose entries all its writes have had since. */
  readonly knows?: readonly string[];
  readonly fenced?: true;
}

/** What a read needs of a document; the index fields stay on the server. */
export const VERSION_FIELDS = {
  type: 1,
  id: 1,
  version: 1,
  at: 1,
  by: 1,
  method: 1,
  deleted: 1,
  raw: 1,
  rawChunks: 1,
  rawHash: 1,
  home: 1,
  trail: 1,
} as const;

/** `00a1b2c3d4/Observation/7/0000000012`: the versions of a resource lie together, in order. */
export function historyIdOf(identity: string, version: number): string {
  return `${identity}/${String(version).padStart(10, '0')}`;
}

/** The identity of the resource whose version that is. */
export const identityInVersionId = (versionId: string): string => versionId.slice(0, versionId.lastIndexOf('/'));

/** The record key that an `_id` of `resources`, `history` or `locators` begins with. */
export function recordKeyInId(documentId: string): string {
  return documentId.slice(0, documentId.indexOf('/'));
}

/** The `_id` that a document of `resources` or `history` has under another record key. */
export const placedAt = (rk: string, documentId: string): string => rk + documentId.slice(documentId.indexOf('/'));

/** Where the locator of a resource lies: spread by the hash of type and id, since whoever asks knows nothing else. */
export function locatorIdOf({ type, id }: ResourceKey): string {
  return `${recordKeyOf(`${type}/${id}`)}/${type}/${id}`;
}

/**
 * The record key that an id tells by itself, or undefined. Owners (patients, and types in no patient's compartment) lie
 * under their own id's key; others under their suffix, if they have one.
 */
export function hintOf({ type, id }: ResourceKey, isOwnerType: (type: string) => boolean): string | undefined {
  return isOwnerType(type) ? recordKeyOf(id) : suffixOf(id);
}

/** Those of which the test is true, and the others. */
export function parted<Item>(items: readonly Item[], test: (item: Item) => boolean): readonly [Item[], Item[]] {
  const yes: Item[] = [];
  const no: Item[] = [];
  for (const item of items) (test(item) ? yes : no).push(item);
  return [yes, no];
}

/** The document of a current version, without its text where the text is in chunks. */
export function documentOf(draft: ResourceDraft, trail: Trail | undefined, chunkSet?: ChunkSet): StoredDocument {
  const { patients, pc, d, o } = draft.index;
  const [sn, s] = parted(draft.index.s, isNarrowing);
  const [rn, r] = parted(draft.index.r, ({ k }) => isNarrowingKey(k));
  return {
    _id: identityOf(draft),
    type: draft.type,
    id: draft.id,
    version: draft.version,
    at: new Date(draft.at),
    by: { c: draft.by.client, s: draft.by.subject, r: draft.by.request },
    method: draft.method,
    ...(draft.deleted && { deleted: true as const }),
    ...(patients.length > 0 && { patients }),
    ...(s.length > 0 && { s }),
    ...(r.length > 0 && { r }),
    ...(sn.length > 0 && { sn }),
    ...(rn.length > 0 && { rn: rn.map(({ k, lo, hi }) => ({ k: shortKey(k), lo, hi })) }),
    ...(pc.length > 0 && { pc }),
    ...(d !== null && { d }),
    ...(Object.keys(o).length > 0 && { o }),
    ...(trail && { trail }),
    ...(chunkSet ?? { raw: draft.raw }),
  };
}

/** The history document of a version that was current: no index fields, found by identity and time only. */
export function historyDocumentOf(version: ResourceVersion, chunkSet?: ChunkSet): StoredDocument {
  return {
    _id: historyIdOf(identityOf(version), version.version),
    type: version.type,
    id: version.id,
    version: version.version,
    at: new Date(version.at),
    by: { c: version.by.client, s: version.by.subject, r: version.by.request },
    method: version.method,
    ...(version.deleted && { deleted: true as const }),
    ...(chunkSet ?? { raw: version.raw }),
  };
}

const NOBODY: Author = { client: '', subject: '', request: '' };

/** The version in a document of `resources` or `history`; `raw` must have been put together already. */
export function versionOf(document: StoredDocument, raw: string = document.raw ?? ''): ResourceVersion {
  return {
    type: document.type,
    id: document.id,
    rk: recordKeyInId(document._id),
    version: document.version,
    at: document.at.getTime(),
    deleted: document.deleted === true,
    raw,
    by: document.by ? { client: document.by.c, subject: document.by.s, request: document.by.r } : NOBODY,
    method: document.method ?? 'PUT',
    ...(document.trail && { trail: document.trail }),
  };
}
