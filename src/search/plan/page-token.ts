/** Page tokens: where a page goes on, sealed so that a client can neither read nor make one. */
import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import { invalidValue } from '../../model/error.ts';

const ALGORITHM = 'aes-256-gcm';
const IV_BYTES = 12;
const TAG_BYTES = 16;
/** Longer ones can't be ours; refused before any work is done. */
const LONGEST_TOKEN = 8192;

export interface PageTokens {
  /** JSON content to a token of URL-safe characters. */
  seal(content: unknown): string;
  /** @throws FhirError 400 for a token that was not sealed with this key, or was altered */
  open(token: string): unknown;
}

const forged = () => invalidValue('the page token is not one that this server gave', '_page');

/**
 * AES-256-GCM with a key derived from `secret` (at least 32 bytes; the same on all gateways, so that any of them can go on).
 * Tokens don't expire: they hold a place, not a right.
 */
export function createPageTokens(secret: Uint8Array): PageTokens {
  if (secret.length < 32) throw new Error('the secret of page tokens needs 32 bytes');
  const key = Buffer.from(hkdfSync('sha256', secret, new Uint8Array(), 'meridian page token 1', 32));
  return {
    seal: (content) => {
      const iv = randomBytes(IV_BYTES);
      const cipher = createCipheriv(ALGORITHM, key, iv, { authTagLength: TAG_BYTES });
      const sealed = Buffer.concat([cipher.update(JSON.stringify(content), 'utf8'), cipher.final()]);
      return Buffer.concat([iv, cipher.getAuthTag(), sealed]).toString('base64url');
    },
    open: (token) => {
      const bytes = /^[\w-]+$/.test(token) && token.length <= LONGEST_TOKEN ? Buffer.from(token, 'base64url') : Buffer.alloc(0);
      if (bytes.length <= IV_BYTES + TAG_BYTES) throw forged();
      const decipher = createDecipheriv(ALGORITHM, key, bytes.subarray(0, IV_BYTES), { authTagLength: TAG_BYTES });
      decipher.setAuthTag(bytes.subarray(IV_BYTES, IV_BYTES + TAG_BYTES));
      try {
        return JSON.parse(decipher.update(bytes.subarray(IV_BYTES + TAG_BYTES), undefined, 'utf8') + decipher.final('utf8'));
      } catch {
        throw forged();
      }
    },
  };
}
