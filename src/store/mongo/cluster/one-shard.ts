/** What one shard is asked, again and again until it answers or patience ends. */
import { setTimeout as sleep } from 'node:timers/promises';
import { lostShards, noPrimary, type ShardWatch } from './shard-watch.ts';
import { ELECTION_MS, GivenUp, isPassingByKey, pause, unlessLost, WRITE_PATIENCE_MS, whenWritable } from './wait-for-primary.ts';

/**
 * Sent along with commands: nothing that was given up is carried out later than that, and its caller is told of a failure
 * no sooner, so that the watermark of histories waits for it.
 */
export const COMMAND_WITHIN_MS = 8_000;

/** Where a read may go: to primaries only, or to a secondary where there is no primary. */
export type ReadMode = 'primary' | 'primaryPreferred';

/** An idempotent write to one shard. `sentAt`: when an earlier try, which was given up, went out. @throws FhirError 503 */
export async function writePart<Result>(
  watch: ShardWatch,
  shard: string,
  run: () => Promise<Result>,
  sentAt: number | undefined,
): Promise<Result> {
  const startedAt = performance.now();
  let undecidedSince = sentAt;
  for (let attempt = 0; ; attempt++) {
    // One that comes when the shard has been without a primary for long is refused at once.
    if (!(await whenWritable(watch, shard, WRITE_PATIENCE_MS))) {
      if (undecidedSince !== undefined) await sleep(Math.max(0, undecidedSince + COMMAND_WITHIN_MS - performance.now()));
      throw noPrimary([shard]);
    }
    const triedAt = performance.now();
    try {
      return await unlessLost(watch, run(), isLost(watch, shard));
    } catch (error) {
      if (!isPassingByKey(error)) throw error;
      if (error instanceof GivenUp) undecidedSince = triedAt;
      watch.suspect(shard);
      if (performance.now() > startedAt + WRITE_PATIENCE_MS) throw watch.unwellSince(shard) ? noPrimary([shard], error) : error;
      await pause(attempt);
    }
  }
}

/** A read of one shard: from its primary, or from a secondary when there has been no primary for longer than an election takes. @throws FhirError 503 */
export async function readPart<Result>(
  watch: ShardWatch,
  shard: string,
  run: (mode: ReadMode) => Promise<Result>,
  isAgain: (error: unknown) => boolean,
): Promise<Result> {
  const startedAt = performance.now();
  for (let attempt = 0; ; attempt++) {
    const hasPrimary = await whenWritable(watch, shard, ELECTION_MS);
    if (!hasPrimary && watch.stateOf(shard) === 'down') throw lostShards([shard]);
    try {
      return await unlessLost(watch, run(hasPrimary ? 'primary' : 'primaryPreferred'), isLost(watch, shard));
    } catch (error) {
      if (!isAgain(error)) throw error;
      watch.suspect(shard);
      if (performance.now() > startedAt + WRITE_PATIENCE_MS + ELECTION_MS)
        throw watch.unwellSince(shard) ? lostShards([shard], error) : error;
      await pause(attempt);
    }
  }
}

const isLost = (watch: ShardWatch, shard: string) => () => watch.unwellSince(shard) !== undefined;
