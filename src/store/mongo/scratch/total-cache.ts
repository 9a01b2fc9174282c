/**
 * Gives one shard's primary the cache of all shards' primaries together for a while, and its own back, whatever happens: what it
 * had is written down before, so that the next gateway puts it back after a crash. A `mongod` that restarts has its own anyway.
 */
import { hostname } from 'node:os';
import { MongoServerError, MongoServerSelectionError } from 'mongodb';
import { unavailable } from '../../../model/error.ts';
import type { TotalCache } from '../../benchmark/scratch.ts';
import { DURABLE, type MongoCollections } from '../client.ts';
import { withShard } from '../cluster/replicas.ts';
import { hostsIn } from '../cluster/topology.ts';
import { isDuplicateKey } from '../errors.ts';
import { bytesOf, cacheProblem, type MemberMemory, mb } from './cache-room.ts';

/** One for the whole cluster: gateways of several databases may share it, and a member is enlarged for one of them at a time. */
const NOTES_DATABASE = 'meridian_caches';
const WITHIN = { maxTimeMS: 2_000 };
const UNAUTHORIZED = 13;

/** What a member had. Its `_id` is its host. */
interface CacheNote {
  readonly _id: string;
  readonly database: string;
  readonly shard: string;
  /** Bytes before and meanwhile. */
  readonly own: number;
  readonly enlarged: number;
}

/** The shard that lends its primary, as `listShards` tells it. */
interface ListedShard {
  readonly _id: string;
  readonly host: string;
}

const notesOf = ({ client }: MongoCollections) => client.db(NOTES_DATABASE).collection<CacheNote>('enlarged', { writeConcern: DURABLE });

/** @param totalBytes the caches of all shards' primaries together */
export function totalCacheOf(collections: MongoCollections, shard: ListedShard, totalBytes: () => Promise<number | undefined>): TotalCache {
  return {
    async enlarge() {
      try {
        const problem = await enlarge(collections, shard, await totalBytes());
        return problem === undefined ? undefined : `${shard._id}: ${problem}`;
      } catch (error) {
        await restoreCaches(collections);
        return `${shard._id}: ${reasonOf(error)}`;
      }
    },
    restore: () => restoreCaches(collections),
  };
}

async function enlarge(collections: MongoCollections, { _id: shard, host }: ListedShard, enlarged?: number): Promise<string | undefined> {
  if (enlarged === undefined) return 'not every member tells its cache';
  const { member, memory } = await primaryOf(collections, shard, hostsIn(host));
  const problem = cacheProblem(memory, enlarged);
  if (problem !== undefined) return problem;
  await notesOf(collections).insertOne({ _id: member, database: collections.databaseName, shard, own: memory.cacheBytes, enlarged });
  await setCache(collections, shard, member, enlarged);
  return undefined;
}

async function primaryOf(
  { client }: MongoCollections,
  shard: string,
  hosts: readonly string[],
): Promise<{ readonly member: string; readonly memory: MemberMemory }> {
  const asPrimary = { readPreference: 'primary' } as const;
  return withShard(
    client,
    shard,
    hosts,
    async (primary) => {
      const ask = (command: object) => primary.db('admin').command({ ...command, ...WITHIN });
      const [hello, cacheBytes, { system }] = [await ask({ hello: 1 }), await bytesOf(primary), await ask({ hostInfo: 1 })];
      if (cacheBytes === undefined) throw new Error('it does not tell its cache');
      const isHere = String(system.hostname).split(':')[0] === hostname();
      const limitBytes = Number(system.memLimitMB ?? system.memSizeMB) * 2 ** 20;
      const memory = { cacheBytes, limitBytes, ...(isHere && { availableBytes: process.availableMemory() }) };
      return { member: hello.me as string, memory };
    },
    asPrimary,
  );
}

/** By its host: it may have become a secondary meanwhile. */
const onMember = <Result>({ client }: MongoCollections, shard: string, member: string, work: Parameters<typeof withShard<Result>>[3]) =>
  withShard(client, shard, [member], work, { directConnection: true, replicaSet: undefined });

/** @see https://www.mongodb.com/docs/manual/reference/parameters/#mongodb-parameter-param.wiredTigerEngineRuntimeConfig */
async function setCache(collections: MongoCollections, shard: string, member: string, bytes: number): Promise<void> {
  await onMember(collections, shard, member, async (client) => {
    await client.db('admin').command({ setParameter: 1, wiredTigerEngineRuntimeConfig: `cache_size=${bytes}` });
    const now = await bytesOf(client);
    if (now !== bytes) throw new Error(`its cache is ${now === undefined ? 'not told' : mb(now)} where ${mb(bytes)} were asked for`);
  });
}

/**
 * Gives every member its own back that this gateway's database has enlarged. Harmless where there is none.
 * @throws FhirError 503 that names a member that runs and can't be reached; its note stays, so that it is tried again
 */
export async function restoreCaches(collections: MongoCollections): Promise<void> {
  const notes = notesOf(collections);
  for (const note of await ownNotes(collections)) {
    await restore(collections, note);
    await notes.deleteOne({ _id: note._id });
  }
}

async function ownNotes(collections: MongoCollections): Promise<readonly CacheNote[]> {
  try {
    return await notesOf(collections).find({ database: collections.databaseName }).toArray();
  } catch (error) {
    // Who may not read them has written none.
    if (isUnauthorized(error)) return [];
    throw error;
  }
}

const isUnauthorized = (error: unknown) => error instanceof MongoServerError && error.code === UNAUTHORIZED;

async function restore(collections: MongoCollections, { _id: member, shard, own, enlarged }: CacheNote): Promise<void> {
  try {
    const now = await onMember(collections, shard, member, bytesOf);
    // It leaves that out while it becomes a primary or a secondary.
    if (now === undefined) throw new Error('it does not tell its cache just now');
    // One that was restarted, or set by somebody else, is left as it is.
    if (now === enlarged) await setCache(collections, shard, member, own);
  } catch (error) {
    // Nothing runs there: when it starts, it has the size that it is configured with.
    if (isRefused(error, member)) return;
    throw unavailable(`the cache of ${shard}’s member ${member} could not be set back to ${mb(own)}: ${reasonOf(error)}`, 15, error);
  }
}

function isRefused(error: unknown, member: string): boolean {
  if (!(error instanceof MongoServerSelectionError)) return false;
  const { cause } = error.reason?.servers.get(member)?.error ?? {};
  return (cause as NodeJS.ErrnoException | undefined)?.code === 'ECONNREFUSED';
}

function reasonOf(error: unknown): string {
  if (isDuplicateKey(error)) return 'a benchmark of another database has its cache';
  if (isUnauthorized(error)) return 'the gateway’s user may not set its cache';
  return (error as Error).message;
}
