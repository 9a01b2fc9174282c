/** Making shards of replica sets, with the commands that a `mongos` would send to the config server. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Document } from 'bson';
import { CommandError, runOnce } from '../router/shards/command-client.ts';

/** What a change of primary makes of a command: host unreachable, time-outs, stepped down, operation failed, not primary, interrupted. */
const PRIMARY_IS_CHANGING = new Set([6, 7, 50, 64, 89, 91, 96, 133, 189, 202, 262, 9001, 10058, 10107, 11600, 11602, 13435, 13436]);
const PATIENCE_MS = 30_000;

const MAJORITY = { w: 'majority', wtimeout: 30_000 };

/**
 * Adds the replica sets as shards unless they are, and stops the balancer: the collections are split beforehand, and chunks
 * that move by themselves would disturb transactions over several shards.
 */
export async function addShards(configPrimary: string, membersBySet: ReadonlyMap<string, readonly string[]>): Promise<void> {
  const { cursor } = await untilSettled(() => runOnce(configPrimary, 'config', { find: 'shards' }));
  const known = new Set<string>(cursor.firstBatch.map((shard: { _id: string }) => shard._id));
  for (const [set, addresses] of membersBySet) {
    if (known.has(set)) continue;
    const command = { _configsvrAddShard: `${set}/${addresses.join(',')}`, name: set, writeConcern: MAJORITY };
    await untilSettled(() => runOnce(configPrimary, 'admin', command, 60_000));
  }
  const stopped = { q: { _id: 'balancer' }, u: { $set: { stopped: true, mode: 'off' } }, upsert: true };
  await untilSettled(() => runOnce(configPrimary, 'config', { update: 'settings', updates: [stopped], writeConcern: MAJORITY }));
}

/** The id that the config server gave the cluster at its birth, and that every shard notes when it is added. */
export async function clusterIdOf(configPrimary: string): Promise<string> {
  const version = { find: 'version', readConcern: { level: 'majority' } };
  const { cursor } = await untilSettled(() => runOnce(configPrimary, 'config', version));
  return String(cursor.firstBatch[0]?.clusterId);
}

/** Members that have just been started may change their primary once more: idempotent commands are sent again. */
async function untilSettled(command: () => Promise<Document>): Promise<Document> {
  const giveUpAt = performance.now() + PATIENCE_MS;
  for (;;) {
    try {
      return await command();
    } catch (error) {
      const isPassing = !(error instanceof CommandError) || PRIMARY_IS_CHANGING.has(error.code);
      if (!isPassing || performance.now() > giveUpAt) throw error;
      await sleep(200);
    }
  }
}
