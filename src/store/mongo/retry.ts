/** Sending idempotent work again while a shard elects a primary: the driver retries once only. */
import { setTimeout as sleep } from 'node:timers/promises';
import { isTransient, translate } from './errors.ts';

/** How long an election may take before a request gives up; milliseconds. Measured gap after a kill -9: 2–3 s. */
const PATIENCE_MS = 8_000;

interface Retrying {
  /** Milliseconds; default 8,000. */
  readonly patienceMs?: number;
  /** Which errors are worth another try; default: those that a change of primary causes. */
  readonly isPassing?: (error: unknown) => boolean;
}

/**
 * Runs idempotent `work` again after errors that a change of primary causes, for up to 8 s.
 * `attempt` tells the work whether an earlier try may have been carried out (0 = the first).
 */
export async function retryTransient<Result>(
  work: (attempt: number) => Promise<Result>,
  { patienceMs = PATIENCE_MS, isPassing = isTransient }: Retrying = {},
): Promise<Result> {
  const giveUpAt = performance.now() + patienceMs;
  for (let attempt = 0; ; attempt++) {
    try {
      return await work(attempt);
    } catch (error) {
      if (!isPassing(error) || performance.now() > giveUpAt) throw error;
      await sleep(Math.min(50 * 2 ** attempt, 500) * (0.5 + Math.random() / 2));
    }
  }
}

/** The same for a whole call of a store: what is thrown in the end is in our words. @throws FhirError 503 while there is no primary */
export const asked = <Result>(work: () => Promise<Result>): Promise<Result> =>
  retryTransient(work).catch((error: unknown) => Promise.reject(translate(error)));
