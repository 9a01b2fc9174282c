/**
 * The keys of field-level encryption. Each has a name, which stands beside everything that is sealed with it; the first one
 * seals, all of them open. A key is 32 random bytes, from which three keys of one purpose each are derived.
 * @see https://www.rfc-editor.org/rfc/rfc5869
 */
import { createSecretKey, hkdfSync, type KeyObject, randomBytes } from 'node:crypto';

export interface FieldKey {
  /** 1 to 32 letters, digits, `_`, `-`. */
  readonly id: string;
  /** For AES-256-GCM. */
  readonly cipher: KeyObject;
  /** Makes the nonce of a text. */
  readonly nonce: KeyObject;
  /** Makes what an index has in place of an identifier. */
  readonly index: KeyObject;
}

export interface FieldKeys {
  /** What is sealed from now on is sealed with it. */
  readonly current: FieldKey;
  readonly all: readonly FieldKey[];
  find(id: string): FieldKey | undefined;
}

const KEY_BYTES = 32;
const LINE = /^([A-Za-z0-9_-]{1,32}):([A-Za-z0-9+/_-]{43}=?)$/;
const SHORT = /^.{0,32}/;

function derived(secret: Buffer, purpose: string): KeyObject {
  return createSecretKey(Buffer.from(hkdfSync('sha256', secret, 'meridian', `field ${purpose}`, KEY_BYTES)));
}

/**
 * Keys as text, one `name:base64` a line or after a comma; lines that start with `#` are comments.
 * @throws Error that says which entry is wrong, without the key
 */
export function parseFieldKeys(text: string): FieldKeys {
  const entries = text
    .split(/[\n,]/)
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '' && !entry.startsWith('#'));
  const all = entries.map((entry, at): FieldKey => {
    const [, id, base64] = LINE.exec(entry) ?? [];
    if (id === undefined || base64 === undefined)
      throw new Error(`field key ${at + 1} (${nameOf(entry)}) is not <name>:<32 bytes as base64>`);
    const secret = Buffer.from(base64, 'base64');
    if (secret.length !== KEY_BYTES) throw new Error(`field key "${id}" is not 32 bytes long`);
    return { id, cipher: derived(secret, 'text'), nonce: derived(secret, 'nonce'), index: derived(secret, 'index') };
  });
  const byId = new Map(all.map((key) => [key.id, key]));
  const [current] = all;
  if (!current) throw new Error('there is no field key');
  if (byId.size < all.length) throw new Error('two field keys have the same name');
  return { current, all, find: (id) => byId.get(id) };
}

/** What may be said of an entry that is wrong: what stands before its first colon. */
const nameOf = (entry: string) => (entry.includes(':') ? `"${SHORT.exec(entry.split(':', 1)[0] ?? '')?.[0]}"` : 'without a name');

/** A fresh key as the text that `parseFieldKeys` reads. */
export const newFieldKey = (id: string): string => `${id}:${randomBytes(KEY_BYTES).toString('base64')}`;
