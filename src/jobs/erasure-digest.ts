/**
 * A digest of a set of names that tells whether somebody's list is the same set, and can be carried on after a crash.
 *
 * Each name (`Type/id`, or `Type/id/_history/3` for a single version) is hashed with SHA-256; the hashes are added as
 * numbers of 256 bits, so that no order matters.
 */
import { createHash } from 'node:crypto';
import type { ErasureItem } from '../store/erasure.ts';

export const NO_NAMES = '0'.repeat(64);
const MODULUS = 1n << 256n;

/** The digest with one more name; 64 hex digits. */
export function withName(digest: string, name: string): string {
  const hashed = BigInt(`0x${createHash('sha256').update(name).digest('hex')}`);
  return ((BigInt(`0x${digest}`) + hashed) % MODULUS).toString(16).padStart(64, '0');
}

/** The names of what an item removes. */
export function namesOf({ kind, type, id, versions }: ErasureItem): readonly string[] {
  return kind === 'whole' ? [`${type}/${id}`] : versions.map((version) => `${type}/${id}/_history/${version}`);
}
