/**
 * Texts with parts of them encrypted, and back to the last character:
 *
 *     ~1~<key>~<base64url of nonce, ciphertext and tag>~<the text without the sealed parts>
 *
 * The nonce is made of all that goes in (a synthetic IV, as in RFC 5297), so that sealing twice gives the same text: a write
 * that is sent again, or an old version that goes to the history, changes nothing. What is left open, the key's name and the
 * place are authenticated with it: a part that was moved to another resource or version does not open.
 * @see https://nvlpubs.nist.gov/nistpubs/Legacy/SP/nistspecialpublication800-38d.pdf
 */
import { createCipheriv, createDecipheriv, createHmac } from 'node:crypto';
import { damaged, unavailable } from '../model/error.ts';
import type { FieldKey, FieldKeys } from './field-keys.ts';

/** From where, up to where. */
export type Span = readonly [from: number, to: number];

const START = '~1~';
/** No JSON text, URL or hash starts with it. */
const MARK = START.charCodeAt(0);
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const ALGORITHM = 'aes-256-gcm';

export const isSealed = (text: string): boolean => text.charCodeAt(0) === MARK;

/** The name of the key that it is sealed with; undefined for a text that is not sealed. */
export function keyIdOf(text: string): string | undefined {
  return text.startsWith(START) ? text.slice(START.length, text.indexOf('~', START.length)) : undefined;
}

/**
 * @param place where the text stands: "Patient/1/_history/2"
 * @param spans the parts to seal, in order, none inside another
 */
export function sealText(
  { id, cipher: cipherKey, nonce: nonceKey }: FieldKey,
  place: string,
  text: string,
  spans: readonly Span[],
): string {
  const parts: [number, string][] = [];
  let open = '';
  let end = 0;
  for (const [from, to] of spans) {
    open += text.slice(end, from);
    parts.push([open.length, text.slice(from, to)]);
    end = to;
  }
  open += text.slice(end);
  const secret = Buffer.from(JSON.stringify(parts));
  const context = contextOf(id, place, open);
  const nonce = createHmac('sha256', nonceKey)
    .update(`${context.length}\n`)
    .update(context)
    .update(secret)
    .digest()
    .subarray(0, NONCE_BYTES);
  const cipher = createCipheriv(ALGORITHM, cipherKey, nonce).setAAD(context);
  const sealed = Buffer.concat([nonce, cipher.update(secret), cipher.final(), cipher.getAuthTag()]);
  return `${START}${id}~${sealed.toString('base64url')}~${open}`;
}

const contextOf = (id: string, place: string, open: string) => Buffer.from(`${id}\n${place}\n${open}`);

/**
 * The text as it was. One that is not sealed is given back as it is.
 * @throws FhirError 503 that names the key if it is not there, 500 if anything of the text was altered
 */
export function openText(keys: FieldKeys, place: string, text: string): string {
  if (!isSealed(text)) return text;
  const id = keyIdOf(text) ?? '';
  const from = START.length + id.length + 1;
  const to = text.indexOf('~', from);
  const key = keys.find(id);
  if (id !== '' && !key) throw unavailable(`${place} is encrypted with the key "${id}", which this gateway does not have`, 60);
  const parts = key && to > 0 ? partsOf(key, place, Buffer.from(text.slice(from, to), 'base64url'), text.slice(to + 1)) : undefined;
  if (!parts) throw damaged(`${place} is not as it was written: it has been altered in the database and is not served`);
  return joined(parts, text.slice(to + 1));
}

/** Undefined if the tag does not fit. */
function partsOf({ id, cipher: cipherKey }: FieldKey, place: string, sealed: Buffer, open: string): [number, string][] | undefined {
  if (sealed.length < NONCE_BYTES + TAG_BYTES) return undefined;
  const decipher = createDecipheriv(ALGORITHM, cipherKey, sealed.subarray(0, NONCE_BYTES), { authTagLength: TAG_BYTES });
  decipher.setAAD(contextOf(id, place, open)).setAuthTag(sealed.subarray(sealed.length - TAG_BYTES));
  try {
    const secret = decipher.update(sealed.subarray(NONCE_BYTES, sealed.length - TAG_BYTES), undefined, 'utf8') + decipher.final('utf8');
    return JSON.parse(secret) as [number, string][];
  } catch {
    return undefined;
  }
}

function joined(parts: readonly [number, string][], open: string): string {
  let text = '';
  let end = 0;
  for (const [at, part] of parts) {
    text += open.slice(end, at) + part;
    end = at;
  }
  return text + open.slice(end);
}
