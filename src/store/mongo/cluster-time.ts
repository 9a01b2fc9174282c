/**
 * How far the cluster has come, as the driver learns it from every reply: no request asks for it.
 *
 * It is MongoDB's own signed `$clusterTime`, so that a member that has not heard of it yet believes it.
 * @see https://www.mongodb.com/docs/manual/core/read-isolation-consistency-recency/#causal-consistency
 */
import { BSON, type ClientSession, type ClusterTime, type MongoClient } from 'mongodb';

/** What the driver has for its own sessions and does not declare. */
interface Topology {
  clusterTime?: ClusterTime | undefined;
}

interface Followed {
  readonly topology: Topology;
  latest: ClusterTime | undefined;
  encoded: { readonly of: ClusterTime; readonly bytes: Uint8Array } | undefined;
}

/** By client: a driver that connects anew has another topology. */
const followed = new WeakMap<MongoClient, Followed>();

/** The latest cluster time that any reply brought, as BSON: the same object until a later one comes. Undefined before the first reply of a cluster. */
export function latestClusterTime(client: MongoClient): Uint8Array | undefined {
  const { topology } = client as unknown as { readonly topology?: Topology };
  if (!topology) return undefined;
  const known = followed.get(client);
  const own = known?.topology === topology ? known : follow(client, topology, known?.latest);
  const { latest, encoded } = own;
  if (!latest) return undefined;
  if (encoded?.of === latest) return encoded.bytes;
  const bytes = BSON.serialize(latest);
  own.encoded = { of: latest, bytes };
  return bytes;
}

/**
 * The driver sets its time from each reply, also from that of a shard which has not come as far as another one: after a write to
 * the one, a read from the other would take it back, and a token would not know of the write.
 */
function follow(client: MongoClient, topology: Topology, before: ClusterTime | undefined): Followed {
  const own: Followed = { topology, latest: later(before, topology.clusterTime), encoded: undefined };
  Object.defineProperty(topology, 'clusterTime', {
    get: () => own.latest,
    set: (time: ClusterTime | undefined) => {
      own.latest = later(own.latest, time);
    },
  });
  followed.set(client, own);
  return own;
}

/** The first, if they are of one instant. */
function later(one: ClusterTime | undefined, other: ClusterTime | undefined): ClusterTime | undefined {
  if (!one || !other) return one ?? other;
  return other.clusterTime.greaterThan(one.clusterTime) ? other : one;
}

/** The later of two encoded times. */
export function laterOfTimes(one: Uint8Array, other: Uint8Array): Uint8Array {
  return timeIn(other).clusterTime.greaterThan(timeIn(one).clusterTime) ? other : one;
}

const timeIn = (state: Uint8Array) => BSON.deserialize(state, { promoteLongs: false }) as ClusterTime;

/** A session whose reads wait until their member has reached that time. */
export function sessionAfter(client: MongoClient, state: Uint8Array): ClientSession {
  const time = timeIn(state);
  const session = client.startSession({ causalConsistency: true });
  session.advanceClusterTime(time);
  session.advanceOperationTime(time.clusterTime);
  return session;
}
