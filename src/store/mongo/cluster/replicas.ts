/** What each replica set reports of its members: asked directly, since a router answers for the cluster only. */
import type { Document, MongoClient } from 'mongodb';
import type { MemberDescription, OperationCounts, ReplicaSetDescription } from '../../administration.ts';
import type { MongoCollections } from '../client.ts';
import { openShard } from './shard-watch.ts';
import { shardHosts } from './topology.ts';

const ASK_WITHIN_MS = 2_000;
/** The driver sends commands to primaries alone, whatever the client prefers; a set without one has something to tell too. */
const OF_ANY_MEMBER = { readPreference: 'primaryPreferred' } as const;

/** Describes every shard's replica set, or the one set that there is. A set that does not answer is told with its problem. */
export async function describeReplicas(collections: MongoCollections): Promise<readonly ReplicaSetDescription[]> {
  const shards = await shardHosts(collections);
  return Promise.all([...shards].map(([name, hosts]) => describeSet(collections.client, name, hosts)));
}

async function describeSet(cluster: MongoClient, name: string, hosts: readonly string[]): Promise<ReplicaSetDescription> {
  try {
    return await withShard(cluster, name, hosts, async (client) => {
      const admin = client.db('admin');
      const [status, { config }, oplogSeconds, operations] = await Promise.all([
        admin.command({ replSetGetStatus: 1, maxTimeMS: ASK_WITHIN_MS }, OF_ANY_MEMBER),
        admin.command({ replSetGetConfig: 1, maxTimeMS: ASK_WITHIN_MS }, OF_ANY_MEMBER),
        oplogWindow(client),
        countOperations(client),
      ]);
      const members = membersIn(status, config);
      return { name, term: Number(status.term), ...(oplogSeconds !== undefined && { oplogSeconds }), members, operations };
    });
  } catch (error) {
    return {
      name,
      members: hosts.map((host) => ({ host, state: 'UNKNOWN', isHealthy: false })),
      problem: String((error as Error).message),
    };
  }
}

/** Runs `work` with a client of one replica set. @throws when no member answers within 2 s */
export async function withShard<Result>(
  cluster: MongoClient,
  name: string,
  hosts: readonly string[],
  work: (client: MongoClient) => Promise<Result>,
  options: Readonly<Record<string, unknown>> = {},
): Promise<Result> {
  const client = openShard(cluster, name, hosts.join(','), { serverSelectionTimeoutMS: ASK_WITHIN_MS, ...options });
  try {
    await client.connect();
    return await work(client);
  } finally {
    await client.close();
  }
}

/** @see https://www.mongodb.com/docs/manual/reference/command/serverStatus/#opcounters */
async function countOperations(client: MongoClient): Promise<OperationCounts> {
  const left = { metrics: 0, repl: 0, locks: 0, wiredTiger: 0, transactions: 0, maxTimeMS: ASK_WITHIN_MS };
  const { opcounters } = await client.db('admin').command({ serverStatus: 1, ...left }, OF_ANY_MEMBER);
  const { query, getmore, insert, update, delete: removed, command } = opcounters;
  const sum = (...counts: unknown[]) => counts.reduce((total: number, count) => total + Number(count ?? 0), 0);
  return { reads: sum(query, getmore), writes: sum(insert, update, removed), commands: sum(command) };
}

/** How far back the oplog goes, seconds: for so long a member may be away and still catch up. */
async function oplogWindow(client: MongoClient): Promise<number | undefined> {
  const oplog = client.db('local').collection('oplog.rs');
  const entry = (order: 1 | -1) => oplog.find({}, { projection: { ts: 1 }, sort: { $natural: order }, limit: 1 }).next();
  try {
    const [first, last] = await Promise.all([entry(1), entry(-1)]);
    return first && last ? last.ts.getHighBits() - first.ts.getHighBits() : undefined;
  } catch {
    return undefined;
  }
}

/** @see https://www.mongodb.com/docs/manual/reference/command/replSetGetStatus/ */
function membersIn(status: Document, config: Document): MemberDescription[] {
  const members = status.members as Document[];
  const primary = members.find(({ stateStr, health }) => stateStr === 'PRIMARY' && health === 1);
  const priorities = new Map((config.members as Document[]).map(({ host, priority }) => [host, Number(priority)]));
  return members.map((member) => {
    const applied = member.health === 1 ? instant(member.optimeDate) : undefined;
    const durable = member.health === 1 ? instant(member.optimeDurableDate ?? member.lastDurableWallTime) : undefined;
    const priority = priorities.get(member.name);
    return {
      host: member.name as string,
      state: member.stateStr as string,
      isHealthy: member.health === 1,
      ...(priority !== undefined && { priority }),
      ...(applied && primary && { lagSeconds: Math.max(0, (primary.optimeDate.getTime() - applied.getTime()) / 1000) }),
      ...(applied && { lastApplied: applied }),
      ...(durable && { lastDurable: durable }),
    };
  });
}

const instant = (value: unknown): Date | undefined => (value instanceof Date && value.getTime() > 0 ? value : undefined);
