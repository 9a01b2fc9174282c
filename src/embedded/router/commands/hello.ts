/** What the router says of itself. */
import type { Document } from 'bson';
import { objectReply } from '../wire/reply.ts';

/**
 * A driver takes us for a `mongos` by `msg`. No `topologyVersion`: with one, drivers would wait for news on it.
 * Wire version 17 is MongoDB 6.0's.
 */
export function helloDocument(connectionId: number): Document {
  return {
    helloOk: true,
    ismaster: true,
    isWritablePrimary: true,
    msg: 'isdbgrid',
    maxBsonObjectSize: 16 * 1024 * 1024,
    maxMessageSizeBytes: 48_000_000,
    maxWriteBatchSize: 100_000,
    localTime: new Date(),
    logicalSessionTimeoutMinutes: 30,
    connectionId,
    minWireVersion: 0,
    maxWireVersion: 17,
    readOnly: false,
  };
}

export async function acknowledge(): Promise<Buffer> {
  return objectReply({});
}
