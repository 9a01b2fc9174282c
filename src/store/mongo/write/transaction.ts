/**
 * MongoDB transactions: begun, carried out and committed until they are decided.
 * @see https://www.mongodb.com/docs/manual/core/transactions-in-applications/
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { ClientSession, MongoClient } from 'mongodb';
import { DURABLE } from '../client.ts';
import { isTransientTransaction, isUnknownCommit } from '../errors.ts';

/** How long a transaction is tried again before its caller is told to come back; milliseconds. */
const PATIENCE_MS = 15_000;

/**
 * Runs `body` in a transaction (snapshot reads, majority writes). The body may run several times; what it throws that is
 * not a transient transaction error aborts the transaction and is thrown on. `isHopeless` says that trying again is no use.
 */
export async function inTransaction(
  client: MongoClient,
  body: (session: ClientSession) => Promise<void>,
  session?: ClientSession,
  isHopeless: () => boolean = () => false,
): Promise<void> {
  const own = session ?? client.startSession();
  const giveUpAt = performance.now() + PATIENCE_MS;
  try {
    for (let attempt = 0; ; attempt++) {
      try {
        await once(own, body, giveUpAt);
        return;
      } catch (error) {
        if (!isTransientTransaction(error) || performance.now() > giveUpAt || isHopeless()) throw error;
        await sleep(Math.min(2 * 1.5 ** attempt, 200) * (0.5 + Math.random()));
      }
    }
  } finally {
    if (!session) await own.endSession();
  }
}

async function once(session: ClientSession, body: (session: ClientSession) => Promise<void>, giveUpAt: number): Promise<void> {
  session.startTransaction({ readConcern: { level: 'snapshot' }, writeConcern: DURABLE, readPreference: 'primary' });
  try {
    await body(session);
  } catch (error) {
    // The server forgets an unreachable transaction by itself; the first error is the one that tells.
    await session.abortTransaction().catch(() => undefined);
    throw error;
  }
  for (;;) {
    try {
      await session.commitTransaction();
      return;
    } catch (error) {
      if (!isUnknownCommit(error) || performance.now() > giveUpAt) throw error;
      await sleep(50);
    }
  }
}
