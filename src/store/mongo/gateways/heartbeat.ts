/**
 * A gateway's own seat, and the heart that beats there.
 *
 * The seat is one document on one shard. When that shard has no primary the gateway takes a seat on another one, which
 * names the seat that it supersedes, so the loss of a shard stops nobody's lease.
 */
import { hash, randomInt } from 'node:crypto';
import { startRounds } from '../../../lifecycle/rounds.ts';
import { DURABLE, type MongoCollections } from '../client.ts';
import type { ShardWatch } from '../cluster/shard-watch.ts';
import { isDuplicateKey } from '../errors.ts';
import { answered } from './answered.ts';
import type { OpenWrites } from './open-writes.ts';
import { BEAT_EVERY_MS, BEAT_WITHIN_MS, CHANGE_SEAT_WITHIN_MS } from './times.ts';

const MOST_TRIES_FOR_A_SEAT = 50;

interface HeartbeatOptions {
  readonly gateways: MongoCollections['gateways'];
  readonly gatewayId: string;
  readonly place: string;
  readonly watch: ShardWatch | undefined;
  readonly writes: Pick<OpenWrites, 'promiseHorizon' | 'areNone'>;
  /** What the gateway knows. */
  readonly names: () => readonly string[];
  readonly log: (message: string, error?: unknown) => void;
}

interface Heartbeat {
  /** How long ago the last heartbeat left that was confirmed; milliseconds. */
  silentForMs(): number;
  /** Gives the seat up. */
  stop(): Promise<void>;
}

/** Beats once, then on until it is stopped. @throws when no seat could be taken */
export async function startHeartbeat(options: HeartbeatOptions): Promise<Heartbeat> {
  const { gateways, gatewayId, place, watch, writes, names, log } = options;
  const left: string[] = [];
  let seat = freeSeat(gatewayId, watch);
  let isFenced = false;
  let confirmedAt = 0;
  const silentForMs = () => performance.now() - confirmedAt;
  const isLost = (id: string) => watch !== undefined && watch.unwellSince(watch.ownerOf(id)) !== undefined;

  async function beat(_id: string, supersedes?: string): Promise<void> {
    const sentAt = performance.now();
    const registration = { gateway: gatewayId, place, ...(supersedes && { supersedes }) };
    const promise = { horizon: new Date(writes.promiseHorizon()), knows: { $literal: [...names()] } };
    await answered(
      gateways.updateOne({ _id, fenced: { $exists: false } }, [{ $set: { ...registration, beatAt: '$$NOW', ...promise } }], {
        upsert: true,
        writeConcern: DURABLE,
        maxTimeMS: BEAT_WITHIN_MS,
      }),
    );
    confirmedAt = sentAt;
  }

  /**
   * A seat elsewhere. After a long silence the old one may have been fenced, and the watermark have passed writes that are
   * still under way; so those must end first, and the gateway then begins as a new one does.
   */
  async function changeSeat(): Promise<void> {
    const isSafe = writes.areNone() || (!isFenced && silentForMs() < CHANGE_SEAT_WITHIN_MS);
    if (!isSafe) return;
    const next = freeSeat(gatewayId, watch, seat);
    await beat(next, seat);
    left.push(seat);
    seat = next;
    isFenced = false;
    log('heartbeat moved to another shard');
  }

  async function beatOrChange(): Promise<void> {
    if (isFenced || isLost(seat)) return changeSeat();
    try {
      await beat(seat);
    } catch (error) {
      // A fenced gateway's upsert meets its own registration: it has been declared gone.
      isFenced = isDuplicateKey(error);
      log('heartbeat failed', error);
      await changeSeat();
    }
  }

  /** Seats that were left are removed when their shard can be written to again. */
  async function tidy(): Promise<void> {
    const [oldest] = left;
    if (oldest === undefined || isLost(oldest)) return;
    await gateways.deleteOne({ _id: oldest }, { maxTimeMS: BEAT_WITHIN_MS });
    left.shift();
  }

  async function beatAndTidy(): Promise<void> {
    await beatOrChange().catch((error: unknown) => log('no heartbeat is confirmed', error));
    void tidy().catch(() => undefined);
  }

  await beat(seat).catch(changeSeat);
  const beats = startRounds(beatAndTidy, { everyMs: BEAT_EVERY_MS, firstAfterMs: BEAT_EVERY_MS, problem: () => undefined });
  return {
    silentForMs,
    async stop() {
      // A heartbeat under way would take the seat again.
      await beats.stop();
      await answered(gateways.deleteMany({ _id: { $in: [seat, ...left] } })).catch(() => undefined);
    },
  };
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
