/** A secret that all gateways of a database share, made by the first of them: it seals page tokens. */
import { randomBytes } from 'node:crypto';
import type { MongoCollections } from '../client.ts';
import { DURABLE } from '../client.ts';
import { isDuplicateKey } from '../errors.ts';

const SECRET_ID = '0000000000/~secret/page-tokens';
const SECRET_BYTES = 32;

/** The secret, 32 bytes; made if the database has none yet. */
export async function sharedSecret({ ledger }: MongoCollections): Promise<Uint8Array> {
  const fresh = { _id: SECRET_ID, kind: 'secret' as const, at: new Date(), answer: randomBytes(SECRET_BYTES).toString('base64url') };
  try {
    await ledger.insertOne(fresh, { writeConcern: DURABLE });
    return Buffer.from(fresh.answer, 'base64url');
  } catch (error) {
    if (!isDuplicateKey(error)) throw error;
    const there = await ledger.findOne({ _id: SECRET_ID });
    return Buffer.from(there?.answer ?? '', 'base64url');
  }
}
