/** Reads a body, counting as it comes, so that nobody can fill the memory. */
import { isUtf8 } from 'node:buffer';
import type { IncomingMessage } from 'node:http';
import { malformed, tooLarge } from '../../model/error.ts';
import { decodedBody } from './decompress.ts';

export interface BodyBounds {
  /** Of this body, decompressed. */
  readonly maxBytes: number;
  /** Told of bytes as they come; what it throws ends the reading. */
  readonly take?: (bytes: number) => void;
}

/**
 * The bytes of the body, decompressed.
 * @param maxBytes counted on the stream; `Content-Length` only lets a refusal come sooner
 * @throws FhirError 413, 415 for an unknown content encoding, 400 when the client stops half way, 503 when `take` has no room
 */
export function readBody(incoming: IncomingMessage, { maxBytes, take }: BodyBounds): Promise<Buffer> {
  const refusal = () => tooLarge(`the body is larger than ${maxBytes} bytes`);
  if (Number(incoming.headers['content-length'] ?? 0) > maxBytes) throw refusal();
  const body = decodedBody(incoming);
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let length = 0;
    const stop = (reason: unknown) => {
      body.removeAllListeners('data');
      // What is still to come is dropped; a decoder would go on turning it into more.
      if (body !== incoming) {
        incoming.unpipe();
        body.destroy();
      }
      reject(reason);
    };
    body.on('data', (chunk: Buffer) => {
      length += chunk.length;
      try {
        if (length > maxBytes) throw refusal();
        take?.(chunk.length);
        chunks.push(chunk);
      } catch (reason) {
        stop(reason);
      }
    });
    body.once('end', () => resolve(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks, length)));
    body.once('error', () => stop(malformed(body === incoming ? 'the body broke off' : 'the body is not what its Content-Encoding says')));
  });
}

/** The text of a body. @throws FhirError 400 if it is not UTF-8 */
export function bodyText(bytes: Buffer): string {
  if (!isUtf8(bytes)) throw malformed('the body is not UTF-8 text');
  return bytes.toString('utf8');
}
