/** New ULIDs: sortable by time, unpredictable, increasing within a process. @see https://github.com/ulid/spec */
import { randomFillSync } from 'node:crypto';
import { monotonicFactory } from 'ulid';

const POOL_BYTES = 4096;

/** A maker of ULIDs. Random bytes are drawn by the page: the library's own source asks the kernel once a character. */
export function createUlids(): () => string {
  const pool = new Uint8Array(POOL_BYTES);
  let used = POOL_BYTES;
  const next = monotonicFactory(() => {
    if (used === POOL_BYTES) {
      randomFillSync(pool);
      used = 0;
    }
    return (pool[used++] as number) / 256;
  });
  return () => next();
}
