/**
 * How far the cluster has come, as the driver learns it from every reply: no request asks for it.
 *
 * It is MongoDB's own signed `$clusterTime`, so that a member that has not heard of it yet believes it.
 * @see https://www.mongodb.com/docs/manual/core/read-isolation-consistency-recency/#causal-consistency
 */
import { BSON, type ClientSession, type ClusterTime, type MongoClient } from 'mongodb';

/** The latest cluster time that any reply brought, as BSON; undefined before the first reply of a cluster. */
export function latestClusterTime(client: MongoClient): Uint8Array | undefined {
  const latest = clusterTimeOf(client);
  if (!latest) return undefined;
  const known = encoded.get(latest);
  if (known) return known;
  const bytes = BSON.serialize(latest);
  encoded.set(latest, bytes);
  return bytes;
}

/** A driver keeps one object until it hears of a later time. */
const encoded = new WeakMap<ClusterTime, Uint8Array>();

/** The driver has it for its own sessions and does not declare it. */
const clusterTimeOf = (client: MongoClient): ClusterTime | undefined =>
  (client as unknown as { readonly topology?: { readonly clusterTime?: ClusterTime } }).topology?.clusterTime;

/** A session whose reads wait until their member has reached that time. */
export function sessionAfter(client: MongoClient, state: Uint8Array): ClientSession {
  const time = BSON.deserialize(state, { promoteLongs: false }) as ClusterTime;
  const session = client.startSession({ causalConsistency: true });
  session.advanceClusterTime(time);
  session.advanceOperationTime(time.clusterTime);
  return session;
}
