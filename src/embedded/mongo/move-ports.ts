/**
 * Gives members new ports when somebody else has taken theirs. Addresses stand in the data itself (a set's configuration, the
 * shards' and the config server's notes of each other), so each `mongod` is started alone once and the notes are corrected.
 * @see https://www.mongodb.com/docs/v6.0/tutorial/restore-sharded-cluster/ (the same steps, for restored hosts)
 */
import type { Document } from 'bson';
import { runOnce } from '../router/shards/command-client.ts';
import type { MemberRecord } from './data-folder.ts';
import { startMongod } from './mongod.ts';
import type { MemberPlan } from './plan-members.ts';

export async function movePorts(
  { members, moved }: MemberPlan,
  options: { readonly binary: string; readonly dataDir: string },
): Promise<void> {
  if (moved.size === 0) return;
  const newAddress = new Map([...moved.values()].map(({ from, to }) => [`127.0.0.1:${from}`, `127.0.0.1:${to}`]));
  const corrected = await Promise.allSettled(members.map((member) => correct(member, newAddress, options)));
  for (const outcome of corrected) if (outcome.status === 'rejected') throw outcome.reason;
}

async function correct(
  member: MemberRecord,
  newAddress: ReadonlyMap<string, string>,
  options: { binary: string; dataDir: string },
): Promise<void> {
  await runAlone(member, { ...options, replaysOplog: true }, async () => undefined).catch(unlessNotYetSynced);
  await runAlone(member, options, (address) => correctNotes(address, newAddress));
}

/** A member that had not copied its set's data yet has nothing to replay, and copies all of it afresh. */
function unlessNotYetSynced(error: Error): void {
  if (!error.message.includes('initial sync flag set')) throw error;
}

/**
 * Twice alone: a member's data files end with its last checkpoint, and the acknowledged writes since then lie in its oplog.
 * A `mongod` that runs alone doesn't carry those out, and its own checkpoint would then say that nothing is missing.
 */
async function runAlone(
  { role, port, kind }: MemberRecord,
  { binary, dataDir, replaysOplog = false }: { binary: string; dataDir: string; replaysOplog?: boolean },
  work: (address: string) => Promise<void>,
): Promise<void> {
  const alone = await startMongod({ binary, dbPath: `${dataDir}/${role}`, port, kind, cacheGB: 0.25, replaysOplog });
  try {
    await alone.ready();
    await work(alone.address);
  } finally {
    await alone.stop();
  }
}

async function correctNotes(address: string, newAddress: ReadonlyMap<string, string>): Promise<void> {
  const renamed = (hosts: string) => hosts.replaceAll(/127\.0\.0\.1:\d+/g, (host) => newAddress.get(host) ?? host);
  await rewriteEach(address, 'local', 'system.replset', {}, (set) => ({
    ...set,
    members: set.members.map((member: Document) => ({ ...member, host: renamed(member.host) })),
  }));
  await rewriteEach(address, 'admin', 'system.version', { _id: 'shardIdentity' }, (identity) => ({
    ...identity,
    configsvrConnectionString: renamed(identity.configsvrConnectionString),
  }));
  await rewriteEach(address, 'config', 'shards', {}, (shard) => ({ ...shard, host: renamed(shard.host) }));
}

async function rewriteEach(
  address: string,
  database: string,
  collection: string,
  filter: Document,
  edit: (document: Document) => Document,
): Promise<void> {
  const { cursor } = await runOnce(address, database, { find: collection, filter });
  for (const document of cursor.firstBatch) {
    const update = { q: { _id: document._id }, u: edit(document) };
    const reply = await runOnce(address, database, { update: collection, updates: [update] });
    if (reply.writeErrors) throw new Error(`cannot give ${database}.${collection} new addresses: ${reply.writeErrors[0].errmsg}`);
  }
}
