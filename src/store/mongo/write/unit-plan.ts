/**
 * A unit of work as the documents that it changes.
 *
 * Order matters only inside a transaction's failure reports; every entry carries the key that a refusal names.
 */

import { identityOf, type ResourceDraft, type ResourceKey, type ResourceVersion } from '../../../model/resource.ts';
import type { RecordKeys } from '../../record-keys.ts';
import type { UnitOfWork, Write } from '../../store.ts';
import { chunkSetOf } from '../chunks.ts';
import { documentOf, hintOf, historyDocumentOf, locatorIdOf, type StoredDocument } from '../document.ts';
import { ledgerIdOfKey } from './ledger.ts';

/** A statement of an `update` command: see https://www.mongodb.com/docs/manual/reference/command/update/ */
export interface UpdateStatement {
  readonly q: Readonly<Record<string, unknown>>;
  readonly u: Readonly<Record<string, unknown>>;
  readonly upsert: boolean;
}

interface Insertion<Document> {
  readonly document: Document;
  readonly key: ResourceKey;
}

interface Replacement {
  readonly statement: UpdateStatement;
  readonly key: ResourceKey;
}

export interface UnitPlan {
  readonly locators: readonly Insertion<{ readonly _id: string; readonly rk: string }>[];
  readonly creates: readonly Insertion<StoredDocument>[];
  readonly histories: readonly StoredDocument[];
  /** Refused as stale when the statement finds nothing. */
  readonly replaces: readonly Replacement[];
  /** Moves, pointers, forwarders and locators of moved resources: must take effect, whatever was there. */
  readonly rewrites: readonly { readonly collection: 'resources' | 'locators'; readonly statement: UpdateStatement }[];
  /** Old places of moved resources, which must still hold the previous version. */
  readonly departures: readonly Replacement[];
}

/** What tells where a resource lies. */
export interface Placing {
  readonly isOwnerType: (type: string) => boolean;
  readonly records: RecordKeys;
}

/** Record keys of the further patients in whose compartments a draft is. */
function pointerKeysOf(draft: ResourceDraft, records: RecordKeys): readonly string[] {
  if (draft.deleted || draft.index.patients.length < 2) return [];
  const keys = draft.index.patients.map((patient) => records.of(patient.slice('Patient/'.length)));
  return [...new Set(keys)].filter((rk) => rk !== draft.rk);
}

/** True for a write that one document carries out: the store then batches it instead of opening a transaction. */
export function isSingleDocument(write: Write, { isOwnerType, records }: Placing): boolean {
  const { draft } = write;
  if (pointerKeysOf(draft, records).length > 0) return false;
  // The record may have moved since the server made the id, which then does not lead to it.
  if (write.kind === 'create') return isOwnerType(draft.type) || (write.idAssigned && draft.id.endsWith(draft.rk));
  return write.previous.rk === draft.rk && !write.previous.trail?.pointers?.length;
}

/** Keys on every shard that a unit of several documents writes to: of its resources, old and new, and its answer. */
export function placesOf({ writes, idempotency }: UnitOfWork, records: RecordKeys): readonly string[] {
  return [
    ...writes.flatMap(({ draft }) => [draft.rk, ...pointerKeysOf(draft, records)]),
    ...writes.flatMap((write) => (write.kind === 'replace' ? [write.previous.rk] : [])),
    ...writes.flatMap((write) => (write.kind === 'create' && !write.idAssigned ? [locatorIdOf(write.draft)] : [])),
    ...(idempotency ? [ledgerIdOfKey(idempotency.key)] : []),
  ];
}

/** The document of a first version; with pointers where the resource is to be found in several records. */
export function createDocument(draft: ResourceDraft, records: RecordKeys): StoredDocument {
  const pointers = pointerKeysOf(draft, records);
  return documentOf(draft, pointers.length > 0 ? { pointers } : undefined, chunkSetOf(draft.raw));
}

/**
 * Finds nothing if the version is stale. Never an upsert: what has been erased meanwhile must not come back.
 */
export function replaceStatement(draft: ResourceDraft, previous: ResourceVersion, records: RecordKeys): UpdateStatement {
  const { _id, ...rest } = replacedDocument(draft, previous, records);
  return { q: { _id, version: previous.version }, u: { _id, ...rest }, upsert: false };
}

/** The document that a version becomes when another replaces it. */
export function historyOf(previous: ResourceVersion): StoredDocument {
  return historyDocumentOf(previous, chunkSetOf(previous.raw));
}

function replacedDocument(draft: ResourceDraft, previous: ResourceVersion, records: RecordKeys): StoredDocument {
  const pointers = pointerKeysOf(draft, records);
  const past = [...new Set([...(previous.trail?.past ?? []), ...(previous.rk === draft.rk ? [] : [previous.rk])])];
  const trail = { ...(pointers.length > 0 && { pointers }), ...(past.length > 0 && { past }) };
  return documentOf(draft, pointers.length + past.length > 0 ? trail : undefined, chunkSetOf(draft.raw));
}

function forwarderOf(draft: ResourceDraft, rk: string): StoredDocument {
  const { type, id, version } = draft;
  return { _id: identityOf({ type, id, rk }), type, id, version, at: new Date(draft.at), home: draft.rk };
}

function pointerOf(draft: ResourceDraft, rk: string): StoredDocument {
  const { raw, trail, by, method, ...indexed } = documentOf(draft, undefined);
  return { ...indexed, _id: identityOf({ ...draft, rk }), home: draft.rk };
}

function overwrite(document: StoredDocument): UnitPlan['rewrites'][number] {
  return { collection: 'resources', statement: { q: { _id: document._id }, u: { ...document }, upsert: true } };
}

/** Pointers that the draft needs, and forwarders where it needs them no more. */
function pointerRewrites(draft: ResourceDraft, before: readonly string[], records: RecordKeys): UnitPlan['rewrites'] {
  const needed = pointerKeysOf(draft, records);
  const dropped = before.filter((rk) => !needed.includes(rk) && rk !== draft.rk);
  return [...needed.map((rk) => overwrite(pointerOf(draft, rk))), ...dropped.map((rk) => overwrite(forwarderOf(draft, rk)))];
}

function locatorRewrite(draft: ResourceDraft): UnitPlan['rewrites'][number] {
  const _id = locatorIdOf(draft);
  return { collection: 'locators', statement: { q: { _id }, u: { _id, rk: draft.rk }, upsert: true } };
}

/** Plans the writes of a unit that a transaction carries out. */
export function planUnit(unit: Pick<UnitOfWork, 'writes'>, { isOwnerType, records }: Placing): UnitPlan {
  const locators: Insertion<{ _id: string; rk: string }>[] = [];
  const creates: Insertion<StoredDocument>[] = [];
  const histories: StoredDocument[] = [];
  const replaces: Replacement[] = [];
  const rewrites: UnitPlan['rewrites'][number][] = [];
  const departures: Replacement[] = [];

  for (const write of unit.writes) {
    const { draft } = write;
    if (write.kind === 'create') {
      const isFoundByItsId = hintOf(draft, isOwnerType) === draft.rk && (write.idAssigned || isOwnerType(draft.type));
      if (!isFoundByItsId) locators.push({ document: { _id: locatorIdOf(draft), rk: draft.rk }, key: draft });
      creates.push({ document: createDocument(draft, records), key: draft });
      rewrites.push(...pointerRewrites(draft, [], records));
      continue;
    }
    const { previous } = write;
    histories.push(historyOf(previous));
    if (previous.rk === draft.rk) {
      replaces.push({ statement: replaceStatement(draft, previous, records), key: draft });
    } else {
      const leaving = { _id: identityOf(previous), version: previous.version, home: { $exists: false } };
      departures.push({ statement: { q: leaving, u: { ...forwarderOf(draft, previous.rk) }, upsert: false }, key: draft });
      rewrites.push(overwrite(replacedDocument(draft, previous, records)), locatorRewrite(draft));
    }
    rewrites.push(
      ...pointerRewrites(
        draft,
        (previous.trail?.pointers ?? []).filter((rk) => rk !== previous.rk),
        records,
      ),
    );
  }
  return { locators, creates, histories, replaces, rewrites, departures };
}
