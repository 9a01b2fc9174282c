/** Whether the members of each replica set hold the same documents, byte for byte, at one cluster time. */
import type { ClusterTime, MongoClient } from 'mongodb';
import { compareMembers, differencesIn, setProof } from '../../proof/compare-members.ts';
import type { MemberReading, ProofControl, RangeDigest, SetProof } from '../../proof/proof.ts';
import { COLLECTIONS, type MongoCollections } from '../client.ts';
import { withShard } from '../cluster/replicas.ts';
import { shardHosts } from '../cluster/topology.ts';
import { openMember, type SnapshotMember } from './member.ts';

/**
 * Proves every set, or one. All collections of the store are read on all members, one set after the other, its members side by
 * side: some 50 MB are held at a time. What a member can't tell is its problem in the answer.
 */
export async function proveReplicas(collections: MongoCollections, shard: string | undefined, control: ProofControl): Promise<SetProof[]> {
  const all = await shardHosts(collections);
  const sets = [...all].filter(([name]) => shard === undefined || name === shard);
  const at = await clusterTimeOf(collections.client, sets);
  const proofs: SetProof[] = [];
  for (const [name, hosts] of sets) {
    control.progress(proofs.length, sets.length);
    proofs.push(at ? await proveSet(collections, { name, hosts, at, signal: control.signal }) : unread(name, hosts));
  }
  return proofs;
}

/** The latest time of any set: all that was acknowledged before is seen at it. Undefined when no set answers. */
async function clusterTimeOf(
  cluster: MongoClient,
  sets: readonly (readonly [string, readonly string[]])[],
): Promise<ClusterTime | undefined> {
  const ask = ([name, hosts]: readonly [string, readonly string[]]) =>
    withShard(cluster, name, hosts, async (client) => (await client.db('admin').command({ hello: 1 })).$clusterTime as ClusterTime, {
      readPreference: 'primaryPreferred',
    }).catch(() => undefined);
  const times = (await Promise.all(sets.map(ask))).filter((time) => time !== undefined);
  return times.reduce<ClusterTime | undefined>(
    (latest, time) => (latest?.clusterTime.greaterThanOrEqual(time.clusterTime) ? latest : time),
    undefined,
  );
}

function unread(name: string, hosts: readonly string[]): SetProof {
  const readings = hosts.map((host) => ({ host, problem: 'no member of the set answers' }));
  return setProof({ engine: 'MongoDB', name }, compareMembers(readings), { divergences: [], isCut: false });
}

interface SetAt {
  readonly name: string;
  readonly hosts: readonly string[];
  readonly at: ClusterTime;
  readonly signal: AbortSignal;
}

async function proveSet({ client, databaseName }: MongoCollections, { name, hosts, at, signal }: SetAt): Promise<SetProof> {
  const members: SnapshotMember[] = [];
  const read = async (host: string): Promise<MemberReading> => {
    try {
      const member = await openMember(client, { set: name, host, databaseName, at, signal });
      members.push(member);
      return { host, ranges: await digestsOf(member) };
    } catch (error) {
      signal.throwIfAborted();
      return { host, problem: (error as Error).message };
    }
  };
  try {
    const readings = await Promise.all(hosts.map(read));
    const compared = compareMembers(readings);
    const readable = members.filter(({ host }) => readings.some((reading) => reading.host === host && 'ranges' in reading));
    const listsOf = (collection: string, range: string) =>
      readable.map((member) => ({ host: member.host, entries: member.documents(collection, range) }));
    return setProof({ engine: 'MongoDB', name, at: timeText(at) }, compared, await differencesIn(compared.differing, listsOf));
  } finally {
    await Promise.all(members.map((member) => member.close()));
  }
}

async function digestsOf(member: SnapshotMember): Promise<readonly RangeDigest[]> {
  const digests: RangeDigest[] = [];
  for (const collection of COLLECTIONS) digests.push(...(await member.digests(collection)));
  return digests;
}

const timeText = ({ clusterTime }: ClusterTime) => `${clusterTime.getHighBitsUnsigned()}:${clusterTime.getLowBitsUnsigned()}`;
