/** Asks every shard's primary how much processor time it has used: a router does not know. */
import type { MongoClient } from 'mongodb';
import { openShard } from '../cluster/shard-watch.ts';

/** Sections of serverStatus that cost more than they tell. */
const LEFT_OUT = { metrics: 0, repl: 0, locks: 0, transactions: 0, opLatencies: 0, tcmalloc: 0, maxTimeMS: 2_000 };

interface ShardClocks {
  /** Milliseconds of all primaries together; undefined if one does not tell. */
  cpuMs(): Promise<number | undefined>;
  /** Most that the storage engine of one member caches, the smallest of all; bytes. */
  cacheBytes(): Promise<number>;
  close(): Promise<void>;
}

/** Connections to the shards, one each, that last as long as the measurement. @see https://www.mongodb.com/docs/manual/reference/command/serverStatus/ */
export function openShardClocks(cluster: MongoClient, shards: readonly { readonly _id: string; readonly host: string }[]): ShardClocks {
  const clients = shards.map(({ _id, host }) => openShard(cluster, _id, host.slice(host.indexOf('/') + 1), { readPreference: 'primary' }));
  const statuses = (more: object) =>
    Promise.all(clients.map((client) => client.db('admin').command({ serverStatus: 1, ...LEFT_OUT, ...more })));
  return {
    async cpuMs() {
      try {
        const times = (await statuses({ wiredTiger: 0 })).map(
          ({ extra_info: info }) => (Number(info?.user_time_us) + Number(info?.system_time_us)) / 1000,
        );
        const sum = times.reduce((total, time) => total + time, 0);
        return Number.isFinite(sum) ? sum : undefined;
      } catch {
        return undefined;
      }
    },
    cacheBytes: async () =>
      Math.min(...(await statuses({})).map(({ wiredTiger }) => Number(wiredTiger?.cache?.['maximum bytes configured'] ?? 0))),
    async close() {
      await Promise.all(clients.map((client) => client.close()));
    },
  };
}
