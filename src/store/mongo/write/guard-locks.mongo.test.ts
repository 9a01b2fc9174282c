import { hash, randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { testMongo } from '../../../../tests/support/databases.ts';
import { until } from '../../../../tests/support/until.ts';
import { CommitRefused, type Guard } from '../../store.ts';
import { connectMongo, type MongoCollections } from '../client.ts';
import { createShardTrips } from '../cluster/shard-trips.ts';
import { type ShardWatch, watchShards } from '../cluster/shard-watch.ts';
import { migrateMongo } from '../migrate.ts';
import { createGuardLocks, type GuardLocks, guardIdOf } from './guard-locks.ts';

const { mongodbUri } = await testMongo();
let collections: MongoCollections;
let watch: ShardWatch;

beforeAll(async () => {
  collections = await connectMongo({ uri: mongodbUri });
  await migrateMongo(collections.client, collections.databaseName);
  watch = watchShards(collections);
});
afterAll(async () => {
  await watch.close();
  await collections.client.close();
});

function locksOf(gatewayId: string, gone: readonly string[] = []): GuardLocks {
  const locks = createGuardLocks(collections, createShardTrips(watch));
  locks.holdAs({ gatewayId, goneAmong: async (ids) => ids.filter((id) => gone.includes(id)) });
  return locks;
}

const guard = (): Guard => ({ key: hash('sha1', randomUUID(), 'hex'), type: 'Patient', where: { kind: 'everything' }, expected: [] });
const nothing = async () => {};
const there = (one: Guard) => collections.guards.findOne({ _id: guardIdOf(one) });

const gone = (one: Guard): Promise<boolean> => until(async () => !(await there(one)));

describe('a lock on a condition', () => {
  test('keeps the units of two gateways apart, and is removed after the last', async () => {
    const one = guard();
    let inside = 0;
    let most = 0;
    let done = 0;
    const work = {
      check: async () => {
        most = Math.max(most, ++inside);
        await sleep(5);
      },
      commit: async () => {
        inside--;
        done++;
      },
    };
    const gateways = [locksOf('a'), locksOf('b')];
    await Promise.all(Array.from({ length: 20 }, (_, i) => gateways[i % 2]?.during([one], work)));
    expect({ most, done }).toEqual({ most: 1, done: 20 });
    expect(await gone(one)).toBe(true);
  });

  test('of several conditions holds all or none: units that want them in another order both come through', async () => {
    const [x, y] = [guard(), guard()];
    const gateways = [locksOf('a'), locksOf('b')];
    const units = Array.from({ length: 10 }, (_, i) =>
      gateways[i % 2]?.during(i % 3 ? [x, y] : [y, x], { check: () => sleep(5), commit: nothing }),
    );
    await expect(Promise.all(units)).resolves.toHaveLength(10);
  });

  test('is removed when the condition no longer holds or the commit is refused', async () => {
    const refuse = () => Promise.reject(new CommitRefused('guard'));
    for (const work of [
      { check: refuse, commit: nothing },
      { check: nothing, commit: refuse },
    ]) {
      const one = guard();
      await expect(locksOf('a').during([one], work)).rejects.toThrow(CommitRefused);
      expect(await gone(one)).toBe(true);
    }
  });

  test('stays for a while after a commit whose outcome nobody knows', async () => {
    const one = guard();
    const lost = { check: nothing, commit: () => Promise.reject(new Error('the connection broke')) };
    await expect(locksOf('a').during([one], lost)).rejects.toThrow('the connection broke');
    await sleep(300);
    expect(await there(one)).toMatchObject({ gateway: 'a' });
  });

  test('of a gateway that is gone is taken over, one of a gateway that lives is waited for', async () => {
    for (const dead of [['b'], []]) {
      const one = guard();
      await collections.guards.insertOne({ _id: guardIdOf(one), gateway: 'b', unit: randomUUID(), at: new Date() });
      let isDone = false;
      const waiting = locksOf('a', dead)
        .during([one], { check: nothing, commit: nothing })
        .then(() => {
          isDone = true;
        });
      if (dead.length > 0) expect(await until(() => isDone)).toBe(true);
      else await sleep(1_000).then(() => expect(isDone).toBe(false));
      await collections.guards.deleteOne({ _id: guardIdOf(one) });
      await waiting;
    }
  });

  test('that outlived every commit is taken over, whoever holds it', async () => {
    const one = guard();
    await collections.guards.insertOne({ _id: guardIdOf(one), gateway: 'b', unit: randomUUID(), at: new Date(Date.now() - 61_000) });
    await locksOf('a').during([one], { check: nothing, commit: nothing });
    expect(await gone(one)).toBe(true);
  });
});
