/** First starts whose members change their primaries meanwhile. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { MongoClient } from 'mongodb';
import { describe, expect, test } from 'vitest';
import { startMongoCluster } from '../../embedded/mongo/cluster.ts';
import { findMongod } from '../../embedded/mongo/find-mongod.ts';
import { connectMongo } from './client.ts';
import { shardHosts } from './cluster/topology.ts';
import { migrateMongo } from './migrate.ts';

describe('the set-up of a new database', () => {
  test('goes on while the primaries of its shards step down', { timeout: 120_000, retry: 0 }, async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'meridian-set-up-'));
    const cluster = await startMongoCluster({ mongod: await findMongod(), dataDir, shards: 2, members: 3 });
    const collections = await connectMongo({ uri: `${cluster.uri}fresh` });
    let isDone = false;
    let steps = 0;
    const stepping = (async () => {
      const sets = [...(await shardHosts(collections))];
      for (let turn = 0; !isDone && turn < 6; turn++) {
        const [name, hosts] = sets[turn % sets.length] as [string, readonly string[]];
        const client = await MongoClient.connect(`mongodb://${hosts.join(',')}/?replicaSet=${name}`);
        await client
          .db('admin')
          .command({ replSetStepDown: 2, secondaryCatchUpPeriodSecs: 1 })
          .then(() => steps++)
          .catch(() => undefined);
        await client.close();
        await sleep(150);
      }
    })();
    try {
      const ran = await migrateMongo(collections.client, 'fresh');
      isDone = true;
      await stepping;
      expect(steps).toBeGreaterThan(0);
      expect(ran).toContain(1);
      const shards = await collections.client.db('config').collection('chunks').distinct('shard');
      expect(shards.sort()).toEqual(['shard_0', 'shard_1']);
      expect(await migrateMongo(collections.client, 'fresh')).toEqual([]);
    } finally {
      isDone = true;
      await stepping.catch(() => undefined);
      await collections.client.close();
      await cluster.stop();
      await rm(dataDir, { recursive: true, force: true, maxRetries: 5 });
    }
  });
});
