/** Finds what to load, in the order in which it must go in. */
import { readdir, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';

export interface InputFile {
  readonly path: string;
  /** Relative to the folder given. */
  readonly name: string;
  /** On disk, so possibly compressed. */
  readonly bytes: number;
}

const LOADABLE = /\.(json|ndjson)(\.gz)?$/i;
/** Synthea's names of the Bundles that all others refer to, by conditional references. */
const GOES_FIRST = /^(hospital|practitioner)/i;
/** Practitioners' roles name hospitals. */
const RANKS = [/^hospital/i, /^practitioner/i] as const;

/**
 * The files of a folder (and its subfolders) or the one file, in stages: every file of a stage must be in before the next
 * stage begins. Within a stage sorted by name.
 * @throws Error if there is nothing to load
 */
export async function findStages(path: string): Promise<readonly (readonly InputFile[])[]> {
  const files = await findFiles(path);
  if (files.length === 0) throw new Error(`${path}: no .json or .ndjson file (.gz allowed) in it`);
  const staged = RANKS.map((rank) => files.filter((file) => rank.test(basename(file.path))));
  const rest = files.filter((file) => !GOES_FIRST.test(basename(file.path)));
  return [...staged, rest].filter((stage) => stage.length > 0);
}

async function findFiles(path: string): Promise<InputFile[]> {
  const facts = await stat(path).catch(() => undefined);
  if (!facts) throw new Error(`${path}: no such file or folder`);
  if (facts.isFile()) return [{ path, name: basename(path), bytes: facts.size }];
  const names = (await readdir(path, { recursive: true })).filter((name) => LOADABLE.test(name)).sort();
  return Promise.all(names.map(async (name) => ({ path: join(path, name), name, bytes: (await stat(join(path, name))).size })));
}
