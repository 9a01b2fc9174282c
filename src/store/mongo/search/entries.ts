/**
 * The entries of what was found, by which searches that were asked together are told apart. All of them are asked for: to pick
 * out what a search names costs MongoDB more than to send it (decision 020).
 */
import { NO_ENTRIES, type ResourceKey } from '../../../model/resource.ts';
import type { Matchable } from '../../../search/expression/match.ts';
import type { StoredDocument } from '../document.ts';

/** What tells look-ups apart. */
export const TOKENS = { s: 1, sn: 1 };
/** What tells searches of one type in a record apart. Not `rn`: of keys that only narrow it keeps the hash. */
export const ENTRIES = { ...TOKENS, r: 1, patients: 1 };

/** A document as far as it was asked for; what was not is taken to be empty. */
export function matchableOf({ type, id, at, s = [], sn = [], r = [], patients = [] }: ResourceKey & Partial<StoredDocument>): Matchable {
  return { type, id, at: at?.getTime() ?? 0, index: { ...NO_ENTRIES, s: [...s, ...sn], r, patients } };
}
