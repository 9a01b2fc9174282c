/**
 * Trips to the shards that do not let one shard's trouble hold up the others.
 *
 * While every shard has a primary a batch is one command. When one has not, the batch is split by owner: parts for shards
 * that are well go on at once, the part for the other waits for its primary for a bounded time and then fails by itself,
 * with an error that names the shard. What was under way when the primary was lost is given up and sent again in parts;
 * that is safe because every such write is known again when it comes twice.
 */
import type { Outcome } from '../../batcher.ts';
import { translate } from '../errors.ts';
import { type ReadMode, readPart, writePart } from './one-shard.ts';
import { noPrimary, type ShardWatch } from './shard-watch.ts';
import {
  ELECTION_MS,
  GivenUp,
  isPassing,
  isPassingByKey,
  patienceFor,
  pause,
  unlessLost,
  WRITE_PATIENCE_MS,
  whenWritable,
} from './wait-for-primary.ts';

export interface ShardTrips {
  /** Carries a batch of reads out. `run` gives an outcome for each of the items that it is given, in order. */
  read<Item, Result>(
    items: readonly Item[],
    idOf: (item: Item) => string,
    run: (items: readonly Item[], mode: ReadMode) => Promise<readonly Outcome<Result>[]>,
  ): Promise<readonly Outcome<Result>[]>;
  /** The same for idempotent writes. */
  write<Item, Result>(
    items: readonly Item[],
    idOf: (item: Item) => string,
    run: (items: readonly Item[]) => Promise<readonly Outcome<Result>[]>,
  ): Promise<readonly Outcome<Result>[]>;
  /** Waits until the shards of all these documents have primaries. @throws FhirError 503 that names those that have not */
  untilWritable(ids: readonly string[]): Promise<void>;
  /** Reads over several shards, or over the one of `id`. `work` may run several times. @throws FhirError 503 */
  readAcross<Result>(id: string | undefined, work: (mode: ReadMode) => Promise<Result>): Promise<Result>;
  /** Shards of which no member has answered for longer than an election takes. */
  lost(): readonly string[];
}

export function createShardTrips(watch: ShardWatch): ShardTrips {
  /** For work on all shards: another one than those that were known to be without. */
  function isAnyMoreLost(): () => boolean {
    const before = new Set(watch.unwell());
    return () => watch.unwell().some((shard) => !before.has(shard));
  }

  /** One command if all is well, else one for each shard, none of which the batch waits for. */
  async function trip<Item, Result>(
    items: readonly Item[],
    idOf: (item: Item) => string,
    whole: () => Promise<readonly Outcome<Result>[]>,
    part: (shard: string, items: readonly Item[], sentAt: number | undefined) => Promise<readonly Outcome<Result>[]>,
  ): Promise<readonly Outcome<Result>[]> {
    let sentAt: number | undefined;
    if (watch.isAllWell()) {
      const triedAt = performance.now();
      try {
        return await unlessLost(watch, whole(), () => !watch.isAllWell());
      } catch (error) {
        if (!isPassingByKey(error)) throw translate(error);
        if (error instanceof GivenUp) sentAt = triedAt;
      }
    }
    const outcomes = new Array<Outcome<Result>>(items.length);
    const places = Map.groupBy(items.keys(), (index) => watch.ownerOf(idOf(items[index] as Item)));
    for (const [shard, indices] of places) {
      const own = indices.map((index) => items[index] as Item);
      const done = part(shard, own, sentAt).catch((error: unknown) => Promise.reject(translate(error)));
      indices.forEach((index, position) => {
        outcomes[index] = { later: done.then((those) => settled(those[position])) };
      });
    }
    return outcomes;
  }

  return {
    read: (items, idOf, run) =>
      trip(
        items,
        idOf,
        () => run(items, 'primary'),
        (shard, those) => readPart(watch, shard, (mode) => run(those, mode), isPassingByKey),
      ),
    write: (items, idOf, run) =>
      trip(
        items,
        idOf,
        () => run(items),
        (shard, those, sentAt) => writePart(watch, shard, () => run(those), sentAt),
      ),

    async untilWritable(ids) {
      if (watch.isAllWell()) return;
      const shards = [...new Set(ids.map(watch.ownerOf))];
      const isWritable = await Promise.all(shards.map((shard) => whenWritable(watch, shard, WRITE_PATIENCE_MS)));
      const without = shards.filter((_, index) => !isWritable[index]);
      if (without.length > 0) throw noPrimary(without.sort());
    },

    async readAcross(id, work) {
      if (id !== undefined) return readPart(watch, watch.ownerOf(id), work, isPassing);
      const startedAt = performance.now();
      for (let attempt = 0; ; attempt++) {
        const waits = watch.unwell().map((shard) => whenWritable(watch, shard, ELECTION_MS));
        const isWell = (await Promise.all(waits)).every(Boolean);
        try {
          return await unlessLost(watch, work(isWell ? 'primary' : 'primaryPreferred'), isAnyMoreLost());
        } catch (error) {
          if (!isPassing(error)) throw error;
          if (performance.now() > startedAt + WRITE_PATIENCE_MS + ELECTION_MS) throw noPrimary(watch.unwell(), error);
          await pause(attempt);
        }
      }
    },

    lost: () =>
      watch.unwell().filter((shard) => watch.stateOf(shard) === 'down' && performance.now() > patienceFor(watch, shard, ELECTION_MS)),
  };
}

function settled<Result>(outcome: Outcome<Result> | undefined): Result | Promise<Result> {
  if (!outcome) throw new Error('a part of a batch lost an item');
  if ('error' in outcome) throw outcome.error;
  return 'ok' in outcome ? outcome.ok : outcome.later;
}
