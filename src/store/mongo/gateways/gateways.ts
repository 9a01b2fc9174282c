/**
 * Heartbeats of gateways and the watermark of histories.
 *
 * Each gateway promises a horizon: it will never again commit a version at or before that instant. The watermark is the
 * oldest horizon, so a history page that ends there can't miss a commit that arrives late. A gateway that falls silent stops
 * writing when its lease runs out; only later is it fenced, and the watermark passes it. See docs/decisions/007.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { unavailable } from '../../../model/error.ts';
import { DURABLE, type MongoCollections } from '../client.ts';
import { type Announcements, createAnnouncements } from './announcements.ts';
import { startHeartbeat } from './heartbeat.ts';
import { createOpenWrites, type WriteTime } from './open-writes.ts';
import { type GatewayShards, inForce, lossBound, othersHorizon, readSeats } from './seats.ts';
import { BEAT_EVERY_MS, LEASE_MS } from './times.ts';

/** `announce`, `tell`: to the other gateways, by the heartbeat. */
export interface GatewayClock extends Announcements {
  readonly gatewayId: string;
  /** Opens a write; it holds the watermark back until it ends. @throws FhirError 503 when the lease has run out */
  beginWrite(previousAt?: number): WriteTime;
  /** An instant up to which no version will appear any more; it includes all that was committed before the call. */
  watermark(): Promise<number>;
  /** Those of the gateways that have been silent for so long that they are fenced. */
  goneAmong(gatewayIds: readonly string[]): Promise<readonly string[]>;
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
  readonly shards?: GatewayShards;
  readonly log?: (message: string, error?: unknown) => void;
}

/** Registers the gateway and keeps its heart beating until `close`. */
export async function startGatewayClock(collections: MongoCollections, options: GatewayClockOptions): Promise<GatewayClock> {
  const { gateways } = collections;
  const { place, now, shards, log = () => undefined } = options;
  const gatewayId = `${place}.${options.newUlid()}`;
  const writes = createOpenWrites(now);
  const { names, ...announcements } = createAnnouncements(writes);
  const seats = () => readSeats(collections, shards);

  const earlier = { place, fenced: { $exists: false } } as const;
  await gateways
    .updateMany(earlier, { $set: { fenced: true } }, { writeConcern: DURABLE, maxTimeMS: 5_000 })
    .catch((error: unknown) => log('an earlier registration could not be fenced; its silence will be', error));
  const heartbeat = await startHeartbeat({ gateways, gatewayId, place, watch: shards?.watch, writes, names, log });

  return {
    gatewayId,
    ...announcements,

    beginWrite(previousAt = 0) {
      if (heartbeat.silentForMs() > LEASE_MS) throw unavailable('This gateway has lost touch with the clinical store.');
      return writes.begin(previousAt);
    },

    async watermark() {
      const asked = now();
      for (;;) {
        const others = Math.min(await othersHorizon(gateways, gatewayId, await seats()), lossBound(shards, now()));
        // Waiting until the others' promises reach the time of asking makes a history include what was just written.
        if (others >= asked || now() - asked > 2 * BEAT_EVERY_MS) return Math.min(writes.promiseHorizon(), others);
        await sleep(50);
      }
    },

    async goneAmong(gatewayIds) {
      const present = new Set((await seats()).map(({ gateway }) => gateway));
      return gatewayIds.filter((id) => !present.has(id));
    },

    async allKnow(name) {
      // Fences who has been silent for too long: nobody waits for them.
      await othersHorizon(gateways, gatewayId, await seats());
      if ((shards?.trips.lost() ?? []).length > 0) return false;
      const present = inForce(await seats());
      return present.length > 0 && present.every(({ knows }) => knows?.includes(name));
    },

    close: () => heartbeat.stop(),
  };
}
