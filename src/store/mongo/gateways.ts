/**
 * Heartbeats of gateways and the watermark of histories.
 *
 * Each gateway promises a horizon: it will never again commit a version at or before that instant. The watermark is the
 * oldest horizon, so a history page that ends there can't miss a commit that arrives late. A gateway that falls silent stops
 * writing when its lease runs out; only later is it fenced, and the watermark passes it.
 */
import { unavailable } from '../../model/error.ts';
import type { MongoCollections } from './client.ts';
import { DURABLE } from './client.ts';

const BEAT_EVERY_MS = 500;
/** A gateway without a confirmed heartbeat for this long starts no write. */
const LEASE_MS = 5_000;
/** After this much silence a gateway is fenced: its lease (5 s) and its longest commit (15 s) have then run out. */
const FENCE_AFTER_MS = 25_000;

export interface WriteTime {
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
  /** True if every gateway that may still write has announced this name. */
  allKnow(name: string): Promise<boolean>;
  close(): Promise<void>;
}

export interface GatewayClockOptions {
  /**
   * Names the place that the gateway runs in: "embedded", or host and port. Only one gateway can run there, so an earlier
   * one that is still registered has crashed; it is fenced at once instead of after its silence.
   */
  readonly place: string;
  readonly newUlid: () => string;
  readonly now: () => number;
  readonly log?: (message: string, error?: unknown) => void;
}

/** Registers the gateway and keeps its heart beating until `close`. */
export async function startGatewayClock({ gateways }: MongoCollections, options: GatewayClockOptions): Promise<GatewayClock> {
  const { place, now, log } = options;
  const gatewayId = `${place}.${options.newUlid()}`;
  const open = new Map<symbol, number>();
  let confirmedAt = 0;
  let isFenced = false;
  let promised = 0;
  let known: readonly string[] = [];
  let learning: { readonly names: readonly string[]; readonly after: ReadonlySet<symbol> } | undefined;
  let isClosed = false;
  let timer: NodeJS.Timeout;

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

  async function beat(): Promise<void> {
    const sentAt = performance.now();
    await gateways.updateOne(
      { _id: gatewayId, fenced: { $exists: false } },
      [{ $set: { beatAt: '$$NOW', horizon: new Date(promiseHorizon()), knows: { $literal: learn() } } }],
      { upsert: true, writeConcern: DURABLE },
    );
    confirmedAt = sentAt;
  }

  async function beatAndRest(): Promise<void> {
    try {
      await beat();
    } catch (error) {
      // A fenced gateway's upsert meets its own registration: it has been declared gone and must not write again.
      if ((error as { code?: number }).code === 11000) isFenced = true;
      log?.('heartbeat failed', error);
    }
    if (!isClosed && !isFenced) timer = setTimeout(beatAndRest, BEAT_EVERY_MS).unref();
  }

  await gateways.updateMany({ _id: { $gte: `${place}.`, $lt: `${place}/` } }, { $set: { fenced: true } }, { writeConcern: DURABLE });
  await beat();
  timer = setTimeout(beatAndRest, BEAT_EVERY_MS).unref();

  return {
    gatewayId,

    beginWrite(previousAt = 0) {
      if (isFenced || performance.now() - confirmedAt > LEASE_MS) throw unavailable('This gateway has lost touch with the clinical store.');
      const at = Math.max(now(), promised + 1, previousAt + 1);
      const token = Symbol('write');
      open.set(token, at);
      return { at, end: () => void open.delete(token) };
    },

    async watermark() {
      const asked = now();
      for (;;) {
        const others = await othersHorizon(gateways, gatewayId);
        // Waiting until the others' promises reach the time of asking makes a history include what was just written.
        if (others >= asked || now() - asked > 2 * BEAT_EVERY_MS) return Math.min(promiseHorizon(), others);
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    },

    async goneAmong(gatewayIds) {
      const present = await gateways
        .find({ _id: { $in: [...gatewayIds] }, fenced: { $exists: false } }, { projection: { _id: 1 } })
        .toArray();
      const presentIds = new Set(present.map(({ _id }) => _id));
      return gatewayIds.filter((id) => !presentIds.has(id));
    },

    announce(names) {
      const told = learning?.names ?? known;
      if (told.length === names.length && told.every((name) => names.includes(name))) return;
      known = known.filter((name) => names.includes(name));
      learning = { names, after: new Set(open.keys()) };
    },

    async allKnow(name) {
      await othersHorizon(gateways, gatewayId);
      const present = await gateways.find({ fenced: { $exists: false } }).toArray();
      return present.length > 0 && present.every(({ knows }) => knows?.includes(name));
    },

    async close() {
      isClosed = true;
      clearTimeout(timer);
      await gateways.deleteOne({ _id: gatewayId }).catch(() => undefined);
    },
  };
}

/** The oldest horizon of the other gateways; fences those that have been silent for too long. */
async function othersHorizon(gateways: MongoCollections['gateways'], gatewayId: string): Promise<number> {
  const silent = { $expr: { $lt: ['$beatAt', { $subtract: ['$$NOW', FENCE_AFTER_MS] }] } };
  const others = await gateways.find({ _id: { $ne: gatewayId }, fenced: { $exists: false } }).toArray();
  let oldest = Number.POSITIVE_INFINITY;
  for (const other of others) {
    const fenced = await gateways.updateOne(
      { _id: other._id, beatAt: other.beatAt, ...silent },
      { $set: { fenced: true } },
      { writeConcern: DURABLE },
    );
    if (fenced.modifiedCount === 0) oldest = Math.min(oldest, other.horizon.getTime());
  }
  return oldest;
}
