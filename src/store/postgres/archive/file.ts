/** The file of an archived year: newline-delimited JSON, readable by the gateway's user only. */
import { mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createDigest, type Digest } from './lines.ts';

const READ_BYTES = 1024 * 1024;

/** Writes what `give` hands over. The file gets its name, which ends in the digest, when all of it is on disk. */
export async function writeArchive(
  folder: string,
  partition: string,
  give: (take: (lines: string) => Promise<void>) => Promise<void>,
): Promise<Digest & { readonly file: string }> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const partial = join(folder, `${partition}.partial`);
  const handle = await open(partial, 'w', 0o600);
  const sum = createDigest();
  try {
    await give(async (lines) => {
      sum.add(lines);
      await handle.writeFile(lines);
    });
    await handle.sync();
  } finally {
    await handle.close();
  }
  const digest = sum.end();
  const file = `${partition}-${digest.sha256.slice(0, 16)}.ndjson`;
  await rename(partial, join(folder, file));
  await syncFolder(folder);
  return { ...digest, file };
}

/** Removes files of the partition, but `current`. Nothing is wrong with a folder that is not there. */
export async function removeStale(folder: string, partition: string, current?: string): Promise<void> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => (error.code === 'ENOENT' ? [] : Promise.reject(error)));
  const stale = names.filter((name) => name !== current && isOfPartition(name, partition));
  if (stale.length === 0) return;
  await Promise.all(stale.map((name) => rm(join(folder, name), { force: true })));
  await syncFolder(folder);
}

const FILE_END = /^-[0-9a-f]{16}\.ndjson$|^\.partial$/;
const isOfPartition = (name: string, partition: string) => name.startsWith(partition) && FILE_END.test(name.slice(partition.length));

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** The digest of the file as it is on disk; undefined if it is not there. */
export async function digestOfFile(folder: string, file: string): Promise<Digest | undefined> {
  const sum = createDigest();
  const isThere = await eachBunch(folder, file, (lines) => sum.add(`${lines.join('\n')}\n`));
  return isThere ? sum.end() : undefined;
}

/** Calls `take` with bunches of lines; gives false if the file is not there. Lines end at a line feed and nowhere else. */
export async function eachBunch(folder: string, file: string, take: (lines: readonly string[]) => unknown): Promise<boolean> {
  const handle = await open(join(folder, file), 'r').catch((error: NodeJS.ErrnoException) =>
    error.code === 'ENOENT' ? undefined : Promise.reject(error),
  );
  if (!handle) return false;
  let rest = '';
  // Closes the handle at its end.
  for await (const text of handle.createReadStream({ encoding: 'utf8', highWaterMark: READ_BYTES })) {
    const lines = (rest + (text as string)).split('\n');
    rest = lines.pop() ?? '';
    if (lines.length > 0) await take(lines);
  }
  if (rest !== '') await take([rest]);
  return true;
}
