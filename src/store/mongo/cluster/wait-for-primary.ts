/** Waiting for a shard's primary, and giving up on work whose primary is lost meanwhile. */
import { setTimeout as sleep } from 'node:timers/promises';
import { isTimeout, isTransient } from '../errors.ts';
import type { ShardWatch } from './shard-watch.ts';

/** How long a write waits for its shard's primary; milliseconds. An election takes 2–3 s. */
export const WRITE_PATIENCE_MS = 4_000;
/**
 * For how long after the loss of a primary reads wait for the next: they then see all that was acknowledged, which a
 * secondary may not have yet. After that they go to secondaries.
 */
export const ELECTION_MS = 3_500;
/** What is under way when a primary is lost may still be answered for this long. */
const GRACE_MS = 250;

/** Whether the work was carried out is not known. */
export class GivenUp extends Error {}

/** It may go better when it is tried again. */
export const isPassing = (error: unknown) => error instanceof GivenUp || isTransient(error);
/** A command by key is never so much work that it runs out of time by itself. */
export const isPassingByKey = (error: unknown) => isPassing(error) || isTimeout(error);

/** The work's result, unless a shard that it concerns loses its primary meanwhile and the work does not end soon after. */
export function unlessLost<Result>(watch: ShardWatch, work: Promise<Result>, isLost: () => boolean): Promise<Result> {
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

/** Resolves when the shard has a primary, or has been without one for so long; then to false. */
export function whenWritable(watch: ShardWatch, shard: string, patienceMs: number): Promise<boolean> {
  if (watch.unwellSince(shard) === undefined) return Promise.resolve(true);
  const until = patienceFor(watch, shard, patienceMs);
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

/** Until when a shard that lost its primary is waited for. */
export const patienceFor = (watch: ShardWatch, shard: string, patienceMs: number): number =>
  (watch.unwellSince(shard) ?? performance.now()) + patienceMs;

/** Before another try. */
export const pause = (attempt: number) => sleep(Math.min(50 * 2 ** attempt, 500) * (0.5 + Math.random() / 2));
