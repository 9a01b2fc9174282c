/**
 * Joins the `mongod` processes of a new deployment to one sharded cluster and makes the gateway's user. Run again, it
 * changes nothing but the user's password.
 *
 *   node scripts/init-cluster.ts --key-file FILE --mongos HOST \
 *     --set config/HOST,HOST,HOST --set shard_0/HOST,HOST,HOST --set shard_1/…
 *
 * The environment gives the user: MONGODB_USER, MONGODB_PASSWORD. Members know each other by the key file, and the holder
 * of that key is the cluster's own user `__system`: that is how this script may do all this before any user exists.
 * @see https://www.mongodb.com/docs/manual/core/security-internal-authentication/
 */
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { type Db, MongoClient } from 'mongodb';
import { REPLICA_SET_SETTINGS } from '../src/embedded/mongo/replica-set.ts';
import { runCommand } from './run-command.ts';

const NOT_YET_INITIALIZED = 94;
const USER_EXISTS = 51_003;
const PATIENCE_MS = 180_000;

interface ReplicaSet {
  readonly name: string;
  readonly hosts: readonly string[];
}

interface User {
  readonly name: string;
  readonly password: string;
}

/** `shard_0/a:27018,b:27018` as a name and hosts. */
export function readSet(text: string): ReplicaSet {
  const [, name, hosts] = /^(\w+)\/([\w.:,-]+)$/.exec(text) ?? [];
  if (!name || !hosts) throw new Error(`--set must be NAME/HOST:PORT,…, not "${text}"`);
  return { name, hosts: hosts.split(',') };
}

/** Runs `work` on the admin database of one process, as the cluster's own user, as soon as the process answers. */
async function as<T>(uri: string, key: string, work: (admin: Db) => Promise<T>): Promise<T> {
  const options = { authSource: 'local', authMechanism: 'SCRAM-SHA-256', serverSelectionTimeoutMS: PATIENCE_MS } as const;
  const client = new MongoClient(uri, { ...options, auth: { username: '__system', password: key } });
  try {
    return await work(client.db('admin'));
  } finally {
    await client.close();
  }
}

/** Initiates the set unless it is so, and waits for its primary. */
export async function initiateSet({ name, hosts }: ReplicaSet, key: string): Promise<void> {
  await as(`mongodb://${hosts[0]}/?directConnection=true`, key, async (admin) => {
    try {
      await admin.command({ replSetGetStatus: 1 });
      return;
    } catch (error) {
      if ((error as { code?: number }).code !== NOT_YET_INITIALIZED) throw error;
    }
    const members = hosts.map((host, index) => ({ _id: index, host, priority: index === 0 ? 2 : 1 }));
    await admin.command({
      replSetInitiate: { _id: name, ...(name === 'config' && { configsvr: true }), members, settings: REPLICA_SET_SETTINGS },
    });
  });
  await as(uriOf({ name, hosts }), key, (admin) => waitForPrimary(admin));
}

async function waitForPrimary(admin: Db): Promise<void> {
  for (const giveUpAt = Date.now() + PATIENCE_MS; Date.now() < giveUpAt; await sleep(200)) {
    if ((await admin.command({ hello: 1 })).isWritablePrimary) return;
  }
  throw new Error('a replica set has no primary after three minutes');
}

function uriOf({ name, hosts }: ReplicaSet): string {
  return `mongodb://${hosts.join(',')}/?replicaSet=${name}`;
}

/** Makes the user, or gives an existing one this password and these roles. */
async function putUser(admin: Db, { name, password }: User, roles: readonly (string | { role: string; db: string })[]): Promise<void> {
  try {
    await admin.command({ createUser: name, pwd: password, roles });
  } catch (error) {
    if ((error as { code?: number }).code !== USER_EXISTS) throw error;
    await admin.command({ updateUser: name, pwd: password, roles });
  }
}

/** A shard's own user, only for looking: `$replica` asks each shard about its members. */
export async function putMonitor(shard: ReplicaSet, key: string, user: User): Promise<void> {
  await as(uriOf(shard), key, (admin) => putUser(admin, user, ['clusterMonitor']));
}

async function joinShards(mongos: string, shards: readonly ReplicaSet[], key: string, user: User): Promise<void> {
  await as(`mongodb://${mongos}/`, key, async (admin) => {
    for (const { name, hosts } of shards) await admin.command({ addShard: `${name}/${hosts.join(',')}`, name });
    // The collections are split beforehand; chunks that move by themselves would disturb transactions over several shards.
    await admin.command({ balancerStop: 1 });
    // clusterManager: shardCollection, split, moveChunk. `$benchmark` works in databases of its own, beside the records.
    await putUser(admin, user, ['clusterManager', 'clusterMonitor', 'readWriteAnyDatabase', 'dbAdminAnyDatabase']);
  });
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { 'key-file': { type: 'string' }, mongos: { type: 'string' }, set: { type: 'string', multiple: true } },
  });
  const { MONGODB_USER: name, MONGODB_PASSWORD: password } = process.env;
  const { mongos, 'key-file': keyFile, set = [] } = values;
  if (!mongos || !keyFile || !name || !password) {
    throw new Error('needs --key-file, --mongos and --set, and MONGODB_USER and MONGODB_PASSWORD in the environment');
  }
  const key = readFileSync(keyFile, 'utf8').replaceAll(/\s/g, '');
  const sets = set.map(readSet);
  const shards = sets.filter((one) => one.name !== 'config');
  await Promise.all(sets.map((one) => initiateSet(one, key)));
  await Promise.all(shards.map((one) => putMonitor(one, key, { name, password })));
  await joinShards(mongos, shards, key, { name, password });
  process.stderr.write(`✓ ${shards.length} shards stand behind ${mongos}\n`);
}

if (process.argv[1] === import.meta.filename) await runCommand(main);
