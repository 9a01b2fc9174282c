/** From a valid resource to the draft that a store takes: identity, stamp, index entries. */
import { stampResource } from '../../model/json-text.ts';
import { type Author, NO_ENTRIES, type ResourceDraft, type ResourceKey, type ResourceVersion } from '../../model/resource.ts';
import type { Write } from '../../store/store.ts';
import type { InteractionContext } from '../context.ts';
import { recordKeyIn } from './identity.ts';
import type { IncomingResource } from './incoming.ts';
import { isUnchanged } from './unchanged.ts';

/** How a version comes about. */
interface Provenance {
  /** `meta.lastUpdated`, milliseconds since 1970. */
  readonly at: number;
  readonly by: Author;
  readonly method: ResourceVersion['method'];
}

/**
 * The next version of `key`, ready for the store; undefined if it would equal the current one.
 * @param previous the current version, also if it is a deletion
 */
export function draftOf(
  context: InteractionContext,
  incoming: IncomingResource,
  key: ResourceKey,
  previous: ResourceVersion | undefined,
  { at, by, method }: Provenance,
): ResourceDraft | undefined {
  const { type, id } = key;
  const version = (previous?.version ?? 0) + 1;
  const raw = stampResource(incoming.text, { id, versionId: String(version), lastUpdated: new Date(at).toISOString() });
  if (previous && !previous.deleted && isUnchanged(raw, previous.raw)) return undefined;
  const index = context.indexer.entries(incoming.tree, key);
  return { type, id, rk: recordKeyIn(context, index.patients, id), version, at, deleted: false, raw, by, method, index };
}

/** The version that says "deleted". It lies where the last one lay. */
export function deletionOf(previous: ResourceVersion, { at, by }: Omit<Provenance, 'method'>): ResourceDraft {
  const { type, id, rk } = previous;
  return { type, id, rk, version: previous.version + 1, at, deleted: true, raw: '', by, method: 'DELETE', index: NO_ENTRIES };
}

/** A write of `draft` over what was there. `idAssigned`: the server made the id. */
export function writeOf(draft: ResourceDraft, previous: ResourceVersion | undefined, idAssigned = false): Write {
  return previous ? { kind: 'replace', draft, previous } : { kind: 'create', draft, idAssigned };
}
