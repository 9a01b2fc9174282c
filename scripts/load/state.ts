/** Remembers what was loaded, so that an interrupted load goes on where it stopped. One line of JSON for each Bundle. */
import { createHash } from 'node:crypto';
import { appendFile, mkdir, readFile, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { LoadItem } from './item.ts';

export interface LoadState {
  readonly size: () => number;
  has(item: LoadItem): boolean;
  /** Only what was taken wholly is remembered; the rest is tried again next time. */
  add(item: LoadItem, location: string | undefined): Promise<void>;
  /** A resource that must be there if this server is the one that was loaded before. */
  readonly witness: () => string | undefined;
  /** Forgets everything. */
  clear(): Promise<void>;
}

interface Line {
  readonly hash: string;
  readonly name: string;
  readonly location?: string;
}

/** Where the state of loads into one server is kept. */
export const statePath = (dataDir: string, url: string): string =>
  join(dataDir, 'load', `${createHash('sha256').update(url).digest('hex').slice(0, 16)}.ndjson`);

export async function openState(path: string): Promise<LoadState> {
  const text = await readFile(path, 'utf8').catch(() => '');
  const lines = parseLines(text);
  let separator = text === '' || text.endsWith('\n') ? '' : '\n';
  const done = new Set(lines.map((line) => line.hash));
  let witness = lines.findLast((line) => line.location)?.location;
  return {
    size: () => done.size,
    has: (item) => done.has(item.hash),
    witness: () => witness,
    async add(item, location) {
      done.add(item.hash);
      await mkdir(dirname(path), { recursive: true });
      const line: Line = { hash: item.hash, name: item.name, ...(location && { location }) };
      const written = appendFile(path, `${separator}${JSON.stringify(line)}\n`);
      separator = '';
      await written;
    },
    async clear() {
      done.clear();
      witness = undefined;
      await rm(path, { force: true });
    },
  };
}

/** A last line cut off by a crash is left out. */
function parseLines(text: string): Line[] {
  return text.split('\n').flatMap((line) => {
    try {
      return [JSON.parse(line) as Line];
    } catch {
      return [];
    }
  });
}
