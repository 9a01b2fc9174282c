/** Work that meets others' locks or moving rows, tried again a little later. */
import { setTimeout as sleep } from 'node:timers/promises';
import { isInTheWay } from '../errors.ts';

const ATTEMPTS = 6;
const PAUSE_MS = 50;

export async function untilOutOfTheWay(work: () => Promise<void>): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await work();
      return;
    } catch (error) {
      if (attempt === ATTEMPTS || !isInTheWay(error)) throw error;
      await sleep(PAUSE_MS * attempt);
    }
  }
}
