/** What each replica set reports of its members: asked directly, since a router answers for the cluster only. */
import { type Document, MongoClient, type MongoClientOptions } from 'mongodb';
import type { MemberDescription, OperationCounts, ReplicaSetDescription } from '../administration.ts';
import type { MongoCollections } from './client.ts';
import { describeCluster } from './topology.ts';

const ASK_WITHIN_MS = 2_000;

/** Describes every shard's replica set, or the one set that there is. A set that does not answer is told with its problem. */
export async function describeReplicas(collections: MongoCollections): Promise<readonly ReplicaSetDescription[]> {
  const { shards } = await describeCluster(collections);
  return Promise.all(shards.map(({ name, hosts }) => describeSet(collections.client, name, hosts)));
}

async function describeSet(cluster: MongoClient, name: string, hosts: readonly string[]): Promise<ReplicaSetDescription> {
  const { credentials } = cluster.options;
  const auth = credentials?.username ? { username: credentials.username, password: credentials.password } : undefined;
  const client = new MongoClient(`mongodb://${hosts.join(',')}/?replicaSet=${name}`, {
    appName: 'meridian-replicas',
    maxPoolSize: 1,
    readPreference: 'primaryPreferred',
    serverSelectionTimeoutMS: ASK_WITHIN_MS,
    ...(auth && { auth }),
    ...tlsOf(cluster),
  });
  try {
    const status = await client.db('admin').command({ replSetGetStatus: 1, maxTimeMS: ASK_WITHIN_MS });
    return { name, term: Number(status.term), members: membersIn(status), operations: await countOperations(client) };
  } catch (error) {
    return {
      name,
      members: hosts.map((host) => ({ host, state: 'UNKNOWN', isHealthy: false })),
      problem: String((error as Error).message),
    };
  } finally {
    await client.close();
  }
}

/** The members are reached as the cluster is: with the same authorities and the same certificate. */
function tlsOf({ options }: MongoClient): MongoClientOptions {
  if (!options.tls) return {};
  const { ca, cert, key, passphrase, tlsAllowInvalidCertificates, tlsAllowInvalidHostnames } = options;
  return { tls: true, ca, cert, key, passphrase, tlsAllowInvalidCertificates, tlsAllowInvalidHostnames } as MongoClientOptions;
}

/** @see https://www.mongodb.com/docs/manual/reference/command/serverStatus/#opcounters */
async function countOperations(client: MongoClient): Promise<OperationCounts> {
  const left = { metrics: 0, repl: 0, locks: 0, wiredTiger: 0, transactions: 0, maxTimeMS: ASK_WITHIN_MS };
  const { opcounters } = await client.db('admin').command({ serverStatus: 1, ...left });
  const { query, getmore, insert, update, delete: removed, command } = opcounters;
  const sum = (...counts: unknown[]) => counts.reduce((total: number, count) => total + Number(count ?? 0), 0);
  return { reads: sum(query, getmore), writes: sum(insert, update, removed), commands: sum(command) };
}

/** @see https://www.mongodb.com/docs/manual/reference/command/replSetGetStatus/ */
function membersIn(status: Document): MemberDescription[] {
  const members = status.members as Document[];
  const primary = members.find(({ stateStr }) => stateStr === 'PRIMARY');
  return members.map((member) => {
    const isAnswering = member.health === 1 && member.optimeDate instanceof Date && member.optimeDate.getTime() > 0;
    const lag = isAnswering && primary ? Math.max(0, (primary.optimeDate.getTime() - member.optimeDate.getTime()) / 1000) : undefined;
    return {
      host: member.name as string,
      state: member.stateStr as string,
      isHealthy: member.health === 1,
      ...(lag !== undefined && { lagSeconds: lag }),
      ...(isAnswering && { lastApplied: member.optimeDate as Date }),
    };
  });
}
