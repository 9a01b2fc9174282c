/** The seats of all gateways: who is there, who has gone, and how far all of them have promised. */
import { DURABLE, type MongoCollections, preferringPrimary } from '../client.ts';
import type { ShardTrips } from '../cluster/shard-trips.ts';
import { inRange, type ShardWatch } from '../cluster/shard-watch.ts';
import type { GatewayDocument } from '../document.ts';
import { answered } from './answered.ts';
import { BEAT_WITHIN_MS, FENCE_AFTER_MS } from './times.ts';

/** How the shards are; without it a gateway keeps its seat and reads those of the others from primaries. */
export interface GatewayShards {
  readonly watch: ShardWatch;
  readonly trips: ShardTrips;
}

/** A seat, and for how long its gateway has been silent by the database's clock; milliseconds. */
export interface Seat extends GatewayDocument {
  readonly silentForMs: number;
}

const SEAT = {
  gateway: 1,
  place: 1,
  supersedes: 1,
  beatAt: 1,
  horizon: 1,
  knows: 1,
  silentForMs: { $subtract: ['$$NOW', '$beatAt'] },
} as const;

/** Seats in force, as far as they can be read. */
export async function readSeats(collections: MongoCollections, shards: GatewayShards | undefined): Promise<readonly Seat[]> {
  const { gateways } = collections;
  const all = { fenced: { $exists: false } } as const;
  const options = { projection: SEAT };
  if (!shards) return gateways.find<Seat>(all, options).toArray();
  const from = { primary: gateways, primaryPreferred: preferringPrimary(collections).gateways };
  return shards.trips.readAcross(undefined, (mode) => {
    const lost = shards.trips.lost();
    const reachable = shards.watch.ranges().filter(({ shard }) => !lost.includes(shard));
    return from[mode].find<Seat>(lost.length > 0 ? { ...all, $or: reachable.map(inRange) } : all, options).toArray();
  });
}

/** The oldest horizon of the other gateways; fences those that have been silent for too long. */
export async function othersHorizon(gateways: MongoCollections['gateways'], gatewayId: string, seats: readonly Seat[]): Promise<number> {
  let oldest = Number.POSITIVE_INFINITY;
  for (const other of inForce(seats)) {
    if (other.gateway === gatewayId) continue;
    const isFenced = other.silentForMs > FENCE_AFTER_MS && (await fence(gateways, other));
    if (!isFenced) oldest = Math.min(oldest, other.horizon.getTime());
  }
  return oldest;
}

/**
 * Gives true once the gateway can't beat from that seat any more. On a shard without a primary nobody can be fenced: its last
 * promise then bounds the watermark.
 */
async function fence(gateways: MongoCollections['gateways'], { _id, beatAt }: Seat): Promise<boolean> {
  const end = { writeConcern: DURABLE, maxTimeMS: BEAT_WITHIN_MS };
  const fenced = await answered(gateways.updateOne({ _id, beatAt }, { $set: { fenced: true } }, end)).catch(() => undefined);
  return fenced?.modifiedCount === 1;
}

/**
 * While a shard is lost nobody can see the seats there. A gateway that lives has left its seat there; what one that died
 * had under way is decided when it could have been fenced. Until then nothing after the loss is promised.
 */
export function lossBound(shards: GatewayShards | undefined, now: number): number {
  const lostFor = (shards?.trips.lost() ?? []).map((shard) => performance.now() - (shards?.watch.unwellSince(shard) ?? 0));
  const recent = lostFor.filter((ms) => ms < FENCE_AFTER_MS);
  return recent.length === 0 ? Number.POSITIVE_INFINITY : now - Math.max(...recent) - FENCE_AFTER_MS;
}

/** Those that no other one stands for. */
export function inForce(seats: readonly Seat[]): readonly Seat[] {
  const superseded = new Set(seats.map(({ supersedes }) => supersedes));
  return seats.filter(({ _id }) => !superseded.has(_id));
}
