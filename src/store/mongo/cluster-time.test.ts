import { BSON, type ClusterTime, Long, type MongoClient, Timestamp } from 'mongodb';
import { describe, expect, test } from 'vitest';
import { laterOfTimes, latestClusterTime } from './cluster-time.ts';

const at = (seconds: number) =>
  ({
    clusterTime: new Timestamp({ t: seconds, i: 1 }),
    signature: { hash: new BSON.Binary(Buffer.alloc(20)), keyId: Long.ZERO },
  }) as unknown as ClusterTime;
const secondsOf = (bytes: Uint8Array | undefined) => bytes && (BSON.deserialize(bytes) as ClusterTime).clusterTime.getHighBits();

describe('how far the cluster has come', () => {
  test('is unknown before the first reply', () => {
    expect(latestClusterTime({ topology: {} } as unknown as MongoClient)).toBeUndefined();
  });

  test('is not taken back by a shard that has not come as far', () => {
    const topology = { clusterTime: at(10) };
    const client = { topology } as unknown as MongoClient;
    expect(secondsOf(latestClusterTime(client))).toBe(10);
    topology.clusterTime = at(12);
    topology.clusterTime = at(11);
    expect(secondsOf(latestClusterTime(client))).toBe(12);
    expect(topology.clusterTime).toEqual(at(12));
  });

  test('is the same object until a later time comes, so that nothing is made of it twice', () => {
    const topology = { clusterTime: at(10) };
    const client = { topology } as unknown as MongoClient;
    const first = latestClusterTime(client);
    topology.clusterTime = at(10);
    expect(latestClusterTime(client)).toBe(first);
  });

  test('goes on from there when the driver connects anew', () => {
    const client = { topology: { clusterTime: at(10) } };
    latestClusterTime(client as unknown as MongoClient);
    client.topology = { clusterTime: at(7) };
    expect(secondsOf(latestClusterTime(client as unknown as MongoClient))).toBe(10);
  });

  test('is compared by time, not by bytes', () => {
    const [first, second, third] = [255, 256, 257].map((seconds) => BSON.serialize(at(seconds))) as [Uint8Array, Uint8Array, Uint8Array];
    expect([laterOfTimes(first, second), laterOfTimes(third, second), laterOfTimes(second, second)]).toEqual([second, third, second]);
  });
});
