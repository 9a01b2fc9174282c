/** Asks every shard's primary how much processor time it has used: a router does not know. */
import type { MongoClient } from 'mongodb';
import { openShard } from '../cluster/shard-watch.ts';
import { bytesOf } from './cache-room.ts';

/** Sections of serverStatus that cost more than they tell. */
const LEFT_OUT = { metrics: 0, repl: 0, locks: 0, transactions: 0, opLatencies: 0, tcmalloc: 0, maxTimeMS: 2_000 };

interface ShardClocks {
  /** Milliseconds of all primaries together; undefined if one does not tell. */
  cpuMs(): Promise<number | undefined>;
  /** Most that the storage engine of each primary caches, in bytes; undefined if one does not tell. */
  cacheBytes(): Promise<readonly number[] | undefined>;
  close(): Promise<void>;
}

/** Connections to the shards, one each, that last as long as the measurement. @see https://www.mongodb.com/docs/manual/reference/command/serverStatus/ */
export function openShardClocks(cluster: MongoClient, shards: readonly { readonly _id: string; readonly host: string }[]): ShardClocks {
  const clients = shards.map(({ _id, host }) => openShard(cluster, _id, host.slice(host.indexOf('/') + 1), { readPreference: 'primary' }));
  const statuses = () => Promise.all(clients.map((client) => client.db('admin').command({ serverStatus: 1, ...LEFT_OUT, wiredTiger: 0 })));
  return {
    async cpuMs() {
      try {
        const times = (await statuses()).map(({ extra_info: info }) => (Number(info?.user_time_us) + Number(info?.system_time_us)) / 1000);
        const sum = times.reduce((total, time) => total + time, 0);
        return Number.isFinite(sum) ? sum : undefined;
      } catch {
        return undefined;
      }
    },
    async cacheBytes() {
      try {
        const caches = await Promise.all(clients.map(bytesOf));
        return caches.every((bytes) => bytes !== undefined) ? caches : undefined;
      } catch {
        return undefined;
      }
    },
    async close() {
      await Promise.all(clients.map((client) => client.close()));
    },
  };
}
