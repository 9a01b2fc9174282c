/** A replica set: initiated once, then waited for. */

import { setTimeout as sleep } from 'node:timers/promises';
import type { Document } from 'bson';
import { CommandError, runOnce } from '../router/shards/command-client.ts';

const NOT_YET_INITIALIZED = 94;
const PATIENCE_MS = 60_000;

/**
 * With the default of 10 s to an election writes stop for 11–12 s after a primary's death, with 2 s for 2–3 s. Secondaries copy from
 * the primary alone: with chaining, one that hangs keeps back the other that copies from it, and with it the majority.
 * @see https://www.mongodb.com/docs/manual/tutorial/manage-chained-replication/
 */
export const REPLICA_SET_SETTINGS = { electionTimeoutMillis: 2_000, heartbeatIntervalMillis: 1_000, chainingAllowed: false };

/** Initiates the set unless it is so already. All members must answer. */
export async function initiate(name: string, addresses: readonly string[], isConfig: boolean): Promise<void> {
  const first = addresses[0] ?? '';
  try {
    await runOnce(first, 'admin', { replSetGetStatus: 1 });
    return;
  } catch (error) {
    if (!(error instanceof CommandError) || error.code !== NOT_YET_INITIALIZED) return;
  }
  const members = addresses.map((host, _id) => ({ _id, host, priority: _id === 0 ? 2 : 1 }));
  await runOnce(first, 'admin', {
    replSetInitiate: { _id: name, ...(isConfig && { configsvr: true }), members, settings: REPLICA_SET_SETTINGS },
  });
}

/** The address of the primary, once there is one that accepts writes. @throws after a minute */
export async function waitForPrimary(name: string, addresses: readonly string[]): Promise<string> {
  for (let waitedMs = 0; waitedMs < PATIENCE_MS; waitedMs += 30) {
    for (const address of addresses) if ((await helloOf(address))?.isWritablePrimary === true) return address;
    await sleep(30);
  }
  throw new Error(`the replica set ${name} has no primary after ${PATIENCE_MS / 1000} s`);
}

async function helloOf(address: string): Promise<Document | undefined> {
  try {
    return await runOnce(address, 'admin', { hello: 1 }, 2_000);
  } catch {
    return undefined;
  }
}
