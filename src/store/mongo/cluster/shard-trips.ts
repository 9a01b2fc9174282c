/**
 * Trips to the shards that do not let one shard's trouble hold up the others.
 *
 * While every shard has a primary a batch is one command. When one has not, the batch is split by owner: parts for shards
 * that are well go on at once, the part for the other waits for its primary for a bounded time and then fails by itself,
 * with an error that names the shard. What was under way when the primary was lost is given up and sent again in parts;
 * that is safe because every such write is known again when it comes twice.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Outcome } from '../../batcher.ts';
import { isTimeout, isTransient, translate } from '../errors.ts';
import { lostShards, noPrimary, type ShardWatch } from './shard-watch.ts';

/** How long a write waits for its shard's primary; milliseconds. An election takes 2–3 s. */
const WRITE_PATIENCE_MS = 4_000;
/**
 * For how long after the loss of a primary reads wait for the next: they then see all that was acknowledged, which a
 * secondary may not have yet. After that they go to secondaries.
 */
const ELECTION_MS = 3_500;
/** What is under way when a primary is lost may still be answered for this long. */
const GRACE_MS = 250;
/**
 * Sent along with commands: nothing that was given up is carried out later than that, and its caller is told of a failure
 * no sooner, so that the watermark of histories waits for it.
 */
export const COMMAND_WITHIN_MS = 8_000;

/** Where a read may go: to primaries only, or to a secondary where there is no primary. */
export type ReadMode = 'primary' | 'primaryPreferred';

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

class GivenUp extends Error {}

const isPassing = (error: unknown) => error instanceof GivenUp || isTransient(error);
/** A command by key is never so much work that it runs out of time by itself. */
const isPassingByKey = (error: unknown) => isPassing(error) || isTimeout(error);

export function createShardTrips(watch: ShardWatch): ShardTrips {
  /** The work's result, unless a shard that it concerns loses its primary meanwhile and the work does not end soon after. */
  function unlessLost<Result>(work: Promise<Result>, isLost: () => boolean): Promise<Result> {
    return new Promise((resolve, reject) => {
      let timer: NodeJS.Timeout | undefined;
      const stop = watch.onChange(() => {
        if (isLost()) timer ??= setTimeout(() => reject(new GivenUp('a shard lost its primary')), GRACE_MS);
      });
      work.then(resolve, reject).finally(() => {
        stop();
        clearTimeout(timer);
      });
    });
  }

  const isLostNow = (shard: string) => () => watch.unwellSince(shard) !== undefined;

  /** For work on all shards: another one than those that were known to be without. */
  function isAnyMoreLost(): () => boolean {
    const before = new Set(watch.unwell());
    return () => watch.unwell().some((shard) => !before.has(shard));
  }

  /** Resolves when the shard has a primary, or at that time; then to false. */
  function whenWritable(shard: string, until: number): Promise<boolean> {
    if (watch.unwellSince(shard) === undefined) return Promise.resolve(true);
    return new Promise((resolve) => {
      const end = (isWritable: boolean) => {
        stop();
        clearTimeout(timer);
        resolve(isWritable);
      };
      const stop = watch.onChange(() => watch.unwellSince(shard) === undefined && end(true));
      const timer = setTimeout(() => end(false), Math.max(0, until - performance.now()));
    });
  }

  const patienceFor = (shard: string, patienceMs: number) => (watch.unwellSince(shard) ?? performance.now()) + patienceMs;

  /** `sentAt`: when an earlier try, which was given up, went out. */
  async function writePart<Result>(shard: string, run: () => Promise<Result>, sentAt: number | undefined): Promise<Result> {
    const startedAt = performance.now();
    let undecidedSince = sentAt;
    for (let attempt = 0; ; attempt++) {
      // One that comes when the shard has been without a primary for long is refused at once.
      if (!(await whenWritable(shard, patienceFor(shard, WRITE_PATIENCE_MS)))) {
        if (undecidedSince !== undefined) await sleep(Math.max(0, undecidedSince + COMMAND_WITHIN_MS - performance.now()));
        throw noPrimary([shard]);
      }
      const triedAt = performance.now();
      try {
        return await unlessLost(run(), isLostNow(shard));
      } catch (error) {
        if (!isPassingByKey(error)) throw error;
        if (error instanceof GivenUp) undecidedSince = triedAt;
        watch.suspect(shard);
        if (performance.now() > startedAt + WRITE_PATIENCE_MS) throw watch.unwellSince(shard) ? noPrimary([shard], error) : error;
        await pause(attempt);
      }
    }
  }

  async function readPart<Result>(
    shard: string,
    run: (mode: ReadMode) => Promise<Result>,
    isAgain: (error: unknown) => boolean,
  ): Promise<Result> {
    const startedAt = performance.now();
    for (let attempt = 0; ; attempt++) {
      const hasPrimary = await whenWritable(shard, patienceFor(shard, ELECTION_MS));
      if (!hasPrimary && watch.stateOf(shard) === 'down') throw lostShards([shard]);
      try {
        return await unlessLost(run(hasPrimary ? 'primary' : 'primaryPreferred'), isLostNow(shard));
      } catch (error) {
        if (!isAgain(error)) throw error;
        watch.suspect(shard);
        if (performance.now() > startedAt + WRITE_PATIENCE_MS + ELECTION_MS)
          throw watch.unwellSince(shard) ? lostShards([shard], error) : error;
        await pause(attempt);
      }
    }
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
        return await unlessLost(whole(), () => !watch.isAllWell());
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
        (shard, those) => readPart(shard, (mode) => run(those, mode), isPassingByKey),
      ),
    write: (items, idOf, run) =>
      trip(
        items,
        idOf,
        () => run(items),
        (shard, those, sentAt) => writePart(shard, () => run(those), sentAt),
      ),

    async untilWritable(ids) {
      if (watch.isAllWell()) return;
      const shards = [...new Set(ids.map(watch.ownerOf))];
      const isWritable = await Promise.all(shards.map((shard) => whenWritable(shard, patienceFor(shard, WRITE_PATIENCE_MS))));
      const without = shards.filter((_, index) => !isWritable[index]);
      if (without.length > 0) throw noPrimary(without.sort());
    },

    async readAcross(id, work) {
      if (id !== undefined) return readPart(watch.ownerOf(id), work, isPassing);
      const startedAt = performance.now();
      for (let attempt = 0; ; attempt++) {
        const waits = watch.unwell().map((shard) => whenWritable(shard, patienceFor(shard, ELECTION_MS)));
        const isWell = (await Promise.all(waits)).every(Boolean);
        try {
          return await unlessLost(work(isWell ? 'primary' : 'primaryPreferred'), isAnyMoreLost());
        } catch (error) {
          if (!isPassing(error)) throw error;
          if (performance.now() > startedAt + WRITE_PATIENCE_MS + ELECTION_MS) throw noPrimary(watch.unwell(), error);
          await pause(attempt);
        }
      }
    },

    lost: () => watch.unwell().filter((shard) => watch.stateOf(shard) === 'down' && performance.now() > patienceFor(shard, ELECTION_MS)),
  };
}

function settled<Result>(outcome: Outcome<Result> | undefined): Result | Promise<Result> {
  if (!outcome) throw new Error('a part of a batch lost an item');
  if ('error' in outcome) throw outcome.error;
  return 'ok' in outcome ? outcome.ok : outcome.later;
}

const pause = (attempt: number) => sleep(Math.min(50 * 2 ** attempt, 500) * (0.5 + Math.random() / 2));
