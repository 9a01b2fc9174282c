/** Starts an interaction again when another write came in between. */
import { conflict } from '../model/error.ts';
import { CommitRefused } from '../store/store.ts';

const MAX_ATTEMPTS = 12;

/**
 * Runs `once` until no other write comes in between. It must begin with its own reads.
 * @throws FhirError 409 when it keeps losing
 */
export async function untilUndisturbed<Result>(once: () => Promise<Result>): Promise<Result> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await once();
    } catch (error) {
      if (!(error instanceof CommitRefused) || error.reason === 'idempotency') throw error;
      if (attempt === MAX_ATTEMPTS) {
        throw conflict(
          `other requests keep changing ${error.key ? `${error.key.type}/${error.key.id}` : 'what this one depends on'}; try again`,
        );
      }
      if (attempt > 2) await pause(Math.random() * 2 ** attempt);
    }
  }
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, Math.min(ms, 100)));
