/** One gateway per data folder: a lock file that names its holder, so that a crash leaves nothing to clean up by hand. */
import { randomBytes } from 'node:crypto';
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startTimeOf } from './mongo/processes.ts';

interface Holder {
  readonly pid: number;
  /** Ticks since boot: with the process id it names one process, even after the id is used again. */
  readonly startTime: string | undefined;
  readonly baseUrl: string;
}

/**
 * Takes the data folder for this process, over the lock of a gateway that is gone.
 * @returns lets it go again; safe to call twice
 * @throws Error in one line that names the holder, if that is alive
 */
export function lockDataDir(dataDir: string, baseUrl: string): () => void {
  mkdirSync(dataDir, { recursive: true });
  const path = join(dataDir, 'gateway.lock');
  const text = `${JSON.stringify({ pid: process.pid, startTime: startTimeOf(process.pid), baseUrl } satisfies Holder)}\n`;
  while (!putInPlace(path, text)) {
    const held = readText(path);
    const holder = parseHolder(held);
    if (holder && isAlive(holder)) {
      throw new Error(
        `The data folder ${dataDir} is used by the gateway at ${holder.baseUrl} (process ${holder.pid}): stop that, or choose another --data-dir.`,
      );
    }
    if (held !== undefined) removeIfStill(path, held);
  }
  return () => {
    if (readText(path) === text) rmSync(path, { force: true });
  };
}

/** True if the lock at `path` names a gateway that is gone. */
export function isLockAbandoned(path: string): boolean {
  const holder = parseHolder(readText(path));
  return holder !== undefined && !isAlive(holder);
}

/** Creates the file whole or not at all: nobody ever reads half a lock. */
function putInPlace(path: string, text: string): boolean {
  const aside = `${path}.${randomBytes(6).toString('hex')}`;
  writeFileSync(aside, text);
  try {
    linkSync(aside, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    rmSync(aside, { force: true });
  }
}

/** Moves the stale lock away before it goes, so that two successors can't remove each other's new lock. */
function removeIfStill(path: string, stale: string): void {
  const aside = `${path}.${randomBytes(6).toString('hex')}`;
  try {
    renameSync(path, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  if (readText(aside) === stale) rmSync(aside, { force: true });
  else renameSync(aside, path);
}

function isAlive({ pid, startTime }: Holder): boolean {
  return startTime !== undefined && startTimeOf(pid) === startTime;
}

function parseHolder(text: string | undefined): Holder | undefined {
  try {
    const holder = JSON.parse(text ?? '') as Holder;
    return Number.isInteger(holder.pid) ? holder : undefined;
  } catch {
    return undefined;
  }
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
