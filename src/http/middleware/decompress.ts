/**
 * Bodies with a `Content-Encoding`. What comes out is counted by whoever reads it, so a bomb gets no further than the limit for
 * plain bodies.
 * @see https://www.rfc-editor.org/rfc/rfc9110#section-8.4
 */
import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import { type FhirError, unsupportedEncoding } from '../../model/error.ts';

const DECODERS = {
  gzip: () => createGunzip(),
  'x-gzip': () => createGunzip(),
  deflate: () => createInflate(),
  br: () => createBrotliDecompress(),
} as const;
const ACCEPTED = 'gzip, deflate, br';

const isKnown = (encoding: string): encoding is keyof typeof DECODERS => Object.hasOwn(DECODERS, encoding);

/** The body as its sender had it before encoding. Destroying it stops the decoding. @throws FhirError 415 for another encoding */
export function decodedBody(incoming: IncomingMessage): Readable {
  const encoding = incoming.headers['content-encoding']?.trim().toLowerCase();
  if (encoding === undefined || encoding === 'identity' || encoding === '') return incoming;
  if (!isKnown(encoding)) throw refusedEncoding(encoding);
  const decoder = DECODERS[encoding]();
  // A socket that breaks would leave the decoder waiting.
  incoming.once('error', (error) => decoder.destroy(error));
  return incoming.pipe(decoder);
}

function refusedEncoding(encoding: string): FhirError {
  const diagnostics = `Content-Encoding "${encoding.slice(0, 40)}" is not taken; ${ACCEPTED} are`;
  return unsupportedEncoding(diagnostics, ACCEPTED);
}
