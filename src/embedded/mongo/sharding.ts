/** Making shards of replica sets, with the commands that a `mongos` would send to the config server. */
import { runOnce } from '../router/command-client.ts';

const MAJORITY = { w: 'majority', wtimeout: 30_000 };

/**
 * Adds the replica sets as shards unless they are, and stops the balancer: the collections are split beforehand, and chunks
 * that move by themselves would disturb transactions over several shards.
 */
export async function addShards(configPrimary: string, membersBySet: ReadonlyMap<string, readonly string[]>): Promise<void> {
  const { cursor } = await runOnce(configPrimary, 'config', { find: 'shards' });
  const known = new Set<string>(cursor.firstBatch.map((shard: { _id: string }) => shard._id));
  for (const [set, addresses] of membersBySet) {
    if (known.has(set)) continue;
    const command = { _configsvrAddShard: `${set}/${addresses.join(',')}`, name: set, writeConcern: MAJORITY };
    await runOnce(configPrimary, 'admin', command, 60_000);
  }
  const stopped = { q: { _id: 'balancer' }, u: { $set: { stopped: true, mode: 'off' } }, upsert: true };
  await runOnce(configPrimary, 'config', { update: 'settings', updates: [stopped], writeConcern: MAJORITY });
}

/** The id that the config server gave the cluster at its birth, and that every shard notes when it is added. */
export async function clusterIdOf(configPrimary: string): Promise<string> {
  const { cursor } = await runOnce(configPrimary, 'config', { find: 'version', readConcern: { level: 'majority' } });
  return String(cursor.firstBatch[0]?.clusterId);
}
