/** Which `mongod` processes a cluster consists of, and on which ports. */

import { findFreePorts, isPortFree } from '../free-ports.ts';
import type { ClusterRecord, MemberRecord } from './data-folder.ts';

interface ClusterShape {
  /** 0 = one replica set without router. */
  readonly shards: number;
  readonly members: number;
}

type Place = Omit<MemberRecord, 'port'>;

/** The places that the shape asks for, config server first. */
export function placesOf({ shards, members }: ClusterShape): Place[] {
  const indices = Array.from({ length: members }, (_, index) => index);
  if (shards === 0) return indices.map((index) => ({ role: `replica/${index}`, set: 'replica', kind: 'plain' }));
  const places: Place[] = [{ role: 'config', set: 'config', kind: 'config' }];
  for (let shard = 0; shard < shards; shard++) {
    for (const index of indices) places.push({ role: `shard_${shard}/${index}`, set: `shard_${shard}`, kind: 'shard' });
  }
  return places;
}

export interface MemberPlan {
  readonly members: readonly MemberRecord[];
  /** Members whose remembered port somebody else has taken: their sets must learn the new one before they start. */
  readonly moved: ReadonlyMap<string, { readonly from: number; readonly to: number }>;
}

/**
 * Keeps every remembered port that is still free.
 * @throws if the folder holds a cluster of another shape: data would be left out, or empty members would be taken for full ones
 */
export async function planMembers(shape: ClusterShape, remembered: ClusterRecord | undefined): Promise<MemberPlan> {
  const places = placesOf(shape);
  const portByRole = new Map(remembered?.members.map(({ role, port }) => [role, port]));
  const isSameShape = portByRole.size === places.length && places.every(({ role }) => portByRole.has(role));
  if (remembered && !isSameShape) {
    const roles = [...portByRole.keys()].join(', ');
    throw new Error(
      `the data folder holds another cluster (${roles}): start with the same --shards and --members, or choose another --data-dir`,
    );
  }
  const spare = await findFreePorts(places.length);
  const moved = new Map<string, { from: number; to: number }>();
  const members: MemberRecord[] = [];
  for (const place of places) {
    const from = portByRole.get(place.role);
    const to = from !== undefined && (await isPortFree(from)) ? from : (spare.pop() ?? 0);
    if (from !== undefined && from !== to) moved.set(place.role, { from, to });
    members.push({ ...place, port: to });
  }
  return { members, moved };
}
