/** Waiting for what comes by itself. */
import { setTimeout as sleep } from 'node:timers/promises';

/** Generous: others work on the machine as well, and who does not wait in vain does not wait long. */
const PATIENCE_MS = 30_000;

/** Looks again and again; true as soon as it is so, false if it was not within the time. */
export async function until(isSo: () => boolean | Promise<boolean>, withinMs: number = PATIENCE_MS, everyMs = 50): Promise<boolean> {
  for (const giveUpAt = performance.now() + withinMs; !(await isSo()); await sleep(everyMs)) {
    if (performance.now() > giveUpAt) return false;
  }
  return true;
}
