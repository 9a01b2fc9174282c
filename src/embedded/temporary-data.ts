/** Data folders for `--ephemeral`. */
import { chmodSync, globSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { isLockAbandoned } from './lock.ts';

const PREFIX = 'meridian-';

/** A new folder for temporary data; those that killed gateways left behind go. */
export function makeTemporaryData(parent: string = tmpdir()): string {
  for (const lock of globSync(join(parent, `${PREFIX}*`, 'gateway.lock'))) {
    if (isLockAbandoned(lock)) removeTemporaryData(dirname(lock));
  }
  const folder = mkdtempSync(join(parent, PREFIX));
  // PostgreSQL runs as another user when we are root, and must get through.
  chmodSync(folder, 0o711);
  return folder;
}

export function removeTemporaryData(folder: string): void {
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
}
