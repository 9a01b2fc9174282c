/** History over versions held in memory. */

import type { ResourceDraft } from '../../model/resource.ts';
import { identityOf } from '../../model/resource.ts';
import { compareBytes } from '../order.ts';
import type { HistoryPosition, HistoryRequest } from '../store.ts';

/** Newest first: by `at` descending, then identity ascending, then version descending. */
export function compareHistory(a: HistoryPosition, b: HistoryPosition): number {
  return b.at - a.at || compareBytes(a.identity, b.identity) || b.version - a.version;
}

export function positionOf(version: ResourceDraft): HistoryPosition {
  return { at: version.at, identity: identityOf(version), version: version.version };
}

/**
 * True if the version belongs to the request, its place in the page aside. `next` is the version after it: a version is
 * current from its own `at` up to, but not at, the `at` of the next.
 */
export function isInHistory(version: ResourceDraft, next: ResourceDraft | undefined, request: HistoryRequest): boolean {
  if (request.types && !request.types.includes(version.type)) return false;
  if (request.id !== undefined && request.id !== version.id) return false;
  if (request.since !== undefined && version.at < request.since) return false;
  if (request.until !== undefined && version.at > request.until) return false;
  if (request.during && (version.at > request.during.to || (next && next.at <= request.during.from))) return false;
  return !request.after || compareHistory(positionOf(version), request.after) > 0;
}
