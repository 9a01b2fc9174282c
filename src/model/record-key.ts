/**
 * Record keys: where a patient's whole record lies.
 *
 * `rk` = a zone (2 lower-case characters, default `00`) + 8 hex digits of a hash of the owner's logical id without its
 * suffix, e.g. `00a1b2c3d4`. Hash digits spread owners evenly over the shards; the zone prefix pins a region's owners.
 * Ids that the server assigns end in the record key (`<ULID>-<rk>`), so a read by id goes to one shard without a look-up.
 */
import { hash } from 'node:crypto';
import { createRecentValues } from './recent-values.ts';

export const DEFAULT_ZONE = '00';

const SUFFIX = /^(.+)-([0-9a-z]{2}[0-9a-f]{8})$/;

/** One request asks for the same patient's several times. */
const lately = createRecentValues<string>(4096);

/** The hash digits of a record key: 8 hex digits, evenly spread. */
function hashDigits(text: string): string {
  const known = lately.get(text);
  if (known !== undefined) return known;
  const digits = hash('sha1', text, 'hex').slice(0, 8);
  lately.set(text, digits);
  return digits;
}

/**
 * The record key that the end of an id names, or undefined. For a resource in a patient's record it is the *birth* key:
 * a hint for where to look first, not the truth.
 */
export function suffixOf(id: string): string | undefined {
  return SUFFIX.exec(id)?.[2];
}

/**
 * The record key of an owner (a Patient, or a resource in nobody's compartment) from its own id. A suffix counts only if
 * it is genuine, that is if its hash digits are those of the text before it; so a client's `x-00a1b2c3d4` is hashed whole.
 */
export function recordKeyOf(ownerId: string, zone: string = DEFAULT_ZONE): string {
  const match = SUFFIX.exec(ownerId);
  if (match?.[1] && match[2]?.slice(2) === hashDigits(match[1])) return match[2];
  return zone + hashDigits(ownerId);
}

/** A new owner's id: `<ULID>-<rk>`. */
export function ownerIdFrom(ulid: string, zone: string = DEFAULT_ZONE): string {
  return `${ulid}-${zone}${hashDigits(ulid)}`;
}

/** A new id for a resource in the record `rk`: `<ULID>-<rk>`. */
export function memberIdFrom(ulid: string, rk: string): string {
  return `${ulid}-${rk}`;
}
