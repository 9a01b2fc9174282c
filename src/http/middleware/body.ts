/** Reads a body, counting as it comes, so that nobody can fill the memory. */
import { isUtf8 } from 'node:buffer';
import type { IncomingMessage } from 'node:http';
import { malformed, tooLarge, unsupportedMediaType } from '../../model/error.ts';

/**
 * The bytes of the body.
 * @param maxBytes counted on the stream; `Content-Length` only lets a refusal come sooner
 * @throws FhirError 413, 415 for a content encoding, 400 when the client stops half way
 */
export function readBody(incoming: IncomingMessage, maxBytes: number): Promise<Buffer> {
  const encoding = incoming.headers['content-encoding'];
  if (encoding !== undefined && encoding !== 'identity') throw unsupportedMediaType(`Content-Encoding ${encoding} is not taken`);
  const refusal = () => tooLarge(`the body is larger than ${maxBytes} bytes`);
  if (Number(incoming.headers['content-length'] ?? 0) > maxBytes) throw refusal();
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let length = 0;
    incoming.on('data', (chunk: Buffer) => {
      length += chunk.length;
      if (length > maxBytes) {
        incoming.removeAllListeners('data');
        reject(refusal());
      } else chunks.push(chunk);
    });
    incoming.once('end', () => resolve(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks, length)));
    incoming.once('error', () => reject(malformed('the body broke off')));
  });
}

/** The text of a body. @throws FhirError 400 if it is not UTF-8 */
export function bodyText(bytes: Buffer): string {
  if (!isUtf8(bytes)) throw malformed('the body is not UTF-8 text');
  return bytes.toString('utf8');
}
