/**
 * Heartbeats of gateways and the watermark of histories.
 *
 * Each gateway promises a horizon: it will never again commit a version at or before that instant. The watermark is the
 * oldest horizon, so a history page that ends there can't miss a commit that arrives late. A gateway that falls silent stops
 * writing when its lease runs out; only later is it fenced, and the watermark passes it.
 *
 * A gateway's promise lies in one document, its seat, on one shard. When that shard has no primary the gateway takes a seat
 * on another one, which names the seat that it supersedes, so the loss of a shard stops nobody's lease. See docs/decisions/007.
 */
import { hash, randomInt } from 'node:crypto';
import { startRounds } from '../../../lifecycle/rounds.ts';
import { unavailable } from '../../../model/error.ts';
import { DURABLE, type MongoCollections, preferringPrimary } from '../client.ts';
import type { ShardTrips } from '../cluster/shard-trips.ts';
import { inRange, type ShardWatch } from '../cluster/shard-watch.ts';
import type { GatewayDocument } from '../document.ts';
import { isDuplicateKey } from '../errors.ts';

const BEAT_EVERY_MS = 500;
/** A heartbeat that has not been confirmed by then is taken for lost. */
const BEAT_WITHIN_MS = 1_500;
/** A gateway without a confirmed heartbeat for this long starts no write. */
const LEASE_MS = 5_000;
/** After this much silence a gateway is fenced: its lease (5 s) and its longest commit (15 s) have then run out. */
const FENCE_AFTER_MS = 25_000;
/** With writes under way a gateway may change its seat only while nobody can have fenced the old one. */
const CHANGE_SEAT_WITHIN_MS = 15_000;
const MOST_TRIES_FOR_A_SEAT = 50;

interface WriteTime {
  /** `meta.lastUpdated` of the versions to write, milliseconds; later than `previousAt`. */
  readonly at: number;
  /** To be called when the commit is decided, either way. */
  end(): void;
}

export interface GatewayClock {
  readonly gatewayId: string;
  /** Opens a write; it holds the watermark back until it ends. @throws FhirError 503 when the lease has run out */
  beginWrite(previousAt?: number): WriteTime;
  /** An instant up to which no version will appear any more; it includes all that was committed before the call. */
  watermark(): Promise<number>;
  /** Those of the gateways that have been silent for so long that they are fenced. */
  goneAmong(gatewayIds: readonly string[]): Promise<readonly string[]>;
  /**
   * Tells the others, by the heartbeat, what this gateway knows. Told once every write that was begun before the call has
   * ended; what is not among the names any more is taken back at once.
   */
  announce(names: readonly string[]): void;
  /** Announces a name at once, to stay, whatever is under way: for what matters to reads. */
  tell(name: string): void;
  /** Takes back what was told. */
  untell(name: string): void;
  /** True if every gateway that may still write has announced this name. */
  allKnow(name: string): Promise<boolean>;
  close(): Promise<void>;
}

interface GatewayClockOptions {
  /**
   * Names the place that the gateway runs in: "embedded", or host and port. Only one gateway can run there, so an earlier
   * one that is still registered has crashed; it is fenced at once instead of after its silence.
   */
  readonly place: string;
  readonly newUlid: () => string;
  readonly now: () => number;
  /** How the shards are; without it a gateway keeps its seat and reads those of the others from primaries. */
  readonly shards?: { readonly watch: ShardWatch; readonly trips: ShardTrips };
  readonly log?: (message: string, error?: unknown) => void;
}

/** Registers the gateway and keeps its heart beating until `close`. */
export async function startGatewayClock(collections: MongoCollections, options: GatewayClockOptions): Promise<GatewayClock> {
  const { gateways } = collections;
  const { place, now, log, shards } = options;
  const gatewayId = `${place}.${options.newUlid()}`;
  const open = new Map<symbol, number>();
  const left: string[] = [];
  let seat = freeSeat(gatewayId, shards?.watch);
  let isFenced = false;
  let confirmedAt = 0;
  let promised = 0;
  let known: readonly string[] = [];
  const told = new Set<string>();
  let learning: { readonly names: readonly string[]; readonly after: ReadonlySet<symbol> } | undefined;

  /** Promises that every version up to the instant given is decided; later writes are dated after it. */
  function promiseHorizon(): number {
    const undecided = Math.min(...open.values());
    const horizon = Math.min(now(), undecided - 1);
    promised = Math.max(promised, horizon);
    return promised;
  }

  function learn(): readonly string[] {
    if (learning && ![...learning.after].some((token) => open.has(token))) {
      known = learning.names;
      learning = undefined;
    }
    return known;
  }

  async function beat(_id: string, supersedes?: string): Promise<void> {
    const sentAt = performance.now();
    const registration = { gateway: gatewayId, place, ...(supersedes && { supersedes }) };
    await within(
      BEAT_WITHIN_MS,
      gateways.updateOne(
        { _id, fenced: { $exists: false } },
        [{ $set: { ...registration, beatAt: '$$NOW', horizon: new Date(promiseHorizon()), knows: { $literal: [...learn(), ...told] } } }],
        { upsert: true, writeConcern: DURABLE, maxTimeMS: BEAT_WITHIN_MS },
      ),
    );
    confirmedAt = sentAt;
  }

  /**
   * A seat elsewhere. After a long silence the old one may have been fenced, and the watermark have passed writes that are
   * still under way; so those must end first, and the gateway then begins as a new one does.
   */
  async function changeSeat(): Promise<void> {
    const isSafe = open.size === 0 || (!isFenced && performance.now() - confirmedAt < CHANGE_SEAT_WITHIN_MS);
    if (!isSafe) return;
    const next = freeSeat(gatewayId, shards?.watch, seat);
    await beat(next, seat);
    left.push(seat);
    seat = next;
    isFenced = false;
    log?.('heartbeat moved to another shard');
  }

  async function beatOrChange(): Promise<void> {
    const isSeatLost = shards !== undefined && shards.watch.unwellSince(shards.watch.ownerOf(seat)) !== undefined;
    if (isFenced || isSeatLost) return changeSeat();
    try {
      await beat(seat);
    } catch (error) {
      // A fenced gateway's upsert meets its own registration: it has been declared gone.
      isFenced = isDuplicateKey(error);
      log?.('heartbeat failed', error);
      await changeSeat();
    }
  }

  /** Seats that were left are removed when their shard can be written to again. */
  async function tidy(): Promise<void> {
    const [oldest] = left;
    if (oldest === undefined) return;
    if (shards && shards.watch.unwellSince(shards.watch.ownerOf(oldest)) !== undefined) return;
    await gateways.deleteOne({ _id: oldest }, { maxTimeMS: BEAT_WITHIN_MS });
    left.shift();
  }

  async function beatAndTidy(): Promise<void> {
    await beatOrChange().catch((error: unknown) => log?.('no heartbeat is confirmed', error));
    void tidy().catch(() => undefined);
  }

  /** Seats in force, as far as they can be read. */
  async function readSeats(): Promise<readonly GatewayDocument[]> {
    const all = { fenced: { $exists: false } } as const;
    if (!shards) return gateways.find(all).toArray();
    const from = { primary: gateways, primaryPreferred: preferringPrimary(collections).gateways };
    return shards.trips.readAcross(undefined, (mode) => {
      const lost = shards.trips.lost();
      const reachable = shards.watch.ranges().filter(({ shard }) => !lost.includes(shard));
      return from[mode].find(lost.length > 0 ? { ...all, $or: reachable.map(inRange) } : all).toArray();
    });
  }

  /**
   * While a shard is lost nobody can see the seats there. A gateway that lives has left its seat there; what one that died
   * had under way is decided when it could have been fenced. Until then nothing after the loss is promised.
   */
  function lossBound(): number {
    const lostFor = (shards?.trips.lost() ?? []).map((shard) => performance.now() - (shards?.watch.unwellSince(shard) ?? 0));
    const recent = lostFor.filter((ms) => ms < FENCE_AFTER_MS);
    return recent.length === 0 ? Number.POSITIVE_INFINITY : now() - Math.max(...recent) - FENCE_AFTER_MS;
  }

  const earlier = { place, fenced: { $exists: false } } as const;
  await gateways
    .updateMany(earlier, { $set: { fenced: true } }, { writeConcern: DURABLE, maxTimeMS: 5_000 })
    .catch((error: unknown) => log?.('an earlier registration could not be fenced; its silence will be', error));
  await beat(seat).catch(changeSeat);
  const beats = startRounds(beatAndTidy, { everyMs: BEAT_EVERY_MS, firstAfterMs: BEAT_EVERY_MS, problem: () => undefined });

  return {
    gatewayId,

    beginWrite(previousAt = 0) {
      if (performance.now() - confirmedAt > LEASE_MS) throw unavailable('This gateway has lost touch with the clinical store.');
      const at = Math.max(now(), promised + 1, previousAt + 1);
      const token = Symbol('write');
      open.set(token, at);
      return { at, end: () => void open.delete(token) };
    },

    async watermark() {
      const asked = now();
      for (;;) {
        const others = Math.min(await othersHorizon(gateways, gatewayId, await readSeats()), lossBound());
        // Waiting until the others' promises reach the time of asking makes a history include what was just written.
        if (others >= asked || now() - asked > 2 * BEAT_EVERY_MS) return Math.min(promiseHorizon(), others);
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    },

    async goneAmong(gatewayIds) {
      const present = new Set((await readSeats()).map(({ gateway }) => gateway));
      return gatewayIds.filter((id) => !present.has(id));
    },

    tell: (name) => void told.add(name),
    untell: (name) => void told.delete(name),

    announce(names) {
      const last = learning?.names ?? known;
      if (last.length === names.length && last.every((name) => names.includes(name))) return;
      known = known.filter((name) => names.includes(name));
      learning = { names, after: new Set(open.keys()) };
    },

    async allKnow(name) {
      await othersHorizon(gateways, gatewayId, await readSeats());
      if ((shards?.trips.lost() ?? []).length > 0) return false;
      const present = inForce(await readSeats());
      return present.length > 0 && present.every(({ knows }) => knows?.includes(name));
    },

    async close() {
      // A heartbeat under way would take the seat again.
      await beats.stop();
      await within(BEAT_WITHIN_MS, gateways.deleteMany({ _id: { $in: [seat, ...left] } })).catch(() => undefined);
    },
  };
}

/** The oldest horizon of the other gateways; fences those that have been silent for too long. */
async function othersHorizon(
  gateways: MongoCollections['gateways'],
  gatewayId: string,
  seats: readonly GatewayDocument[],
): Promise<number> {
  const silent = { $expr: { $lt: ['$beatAt', { $subtract: ['$$NOW', FENCE_AFTER_MS] }] } };
  let oldest = Number.POSITIVE_INFINITY;
  for (const other of inForce(seats)) {
    if (other.gateway === gatewayId) continue;
    const fence = gateways.updateOne(
      { _id: other._id, beatAt: other.beatAt, ...silent },
      { $set: { fenced: true } },
      { writeConcern: DURABLE, maxTimeMS: BEAT_WITHIN_MS },
    );
    // On a shard without a primary nobody can be fenced: its last promise then bounds the watermark.
    const fenced = await within(BEAT_WITHIN_MS, fence).catch(() => undefined);
    if (fenced?.modifiedCount !== 1) oldest = Math.min(oldest, other.horizon.getTime());
  }
  return oldest;
}

/** Those that no other one stands for. */
function inForce(seats: readonly GatewayDocument[]): readonly GatewayDocument[] {
  const superseded = new Set(seats.map(({ supersedes }) => supersedes));
  return seats.filter(({ _id }) => !superseded.has(_id));
}

/** A place among the record keys for a gateway's seat: on a shard with a primary, and not on the old seat's shard if there is another. */
function freeSeat(gatewayId: string, watch: ShardWatch | undefined, old?: string): string {
  const isFree = (id: string) =>
    !watch || (watch.unwellSince(watch.ownerOf(id)) === undefined && (old === undefined || watch.ownerOf(id) !== watch.ownerOf(old)));
  let id = '';
  for (let tries = 0; tries < MOST_TRIES_FOR_A_SEAT; tries++) {
    id = `00${hash('sha1', `${gatewayId} ${randomInt(2 ** 40)}`).slice(0, 8)}/${gatewayId}`;
    if (isFree(id)) return id;
  }
  return id;
}

async function within<Result>(ms: number, work: Promise<Result>): Promise<Result> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${ms} ms`)), ms);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
