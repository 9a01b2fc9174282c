/** Forms of our own pages. */
import type { IncomingMessage } from 'node:http';
import { errors } from 'oidc-provider';

/** As a query it has to fit into a request line. */
const MAX_BYTES = 8192;

/** The fields of a posted form. @throws InvalidRequest for a form from another site than `origin`, if one is given, or no form */
export async function readForm(incoming: IncomingMessage, origin: string | undefined): Promise<URLSearchParams> {
  const from = incoming.headers.origin;
  if (origin !== undefined && from !== undefined && from !== origin) throw new errors.InvalidRequest('the form comes from another site');
  if (!incoming.headers['content-type']?.startsWith('application/x-www-form-urlencoded')) throw new errors.InvalidRequest('not a form');
  return new URLSearchParams((await readBytes(incoming, MAX_BYTES)).toString('utf8'));
}

/** The body. @throws InvalidRequest when it is longer */
export async function readBytes(incoming: IncomingMessage, maxBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > maxBytes) throw new errors.InvalidRequest('the body is too long');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
