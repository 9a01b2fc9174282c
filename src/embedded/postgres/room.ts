/** The folder that PostgreSQL's data lies in, one which its user can enter. */
import { chmod, chown, lstat, mkdir, mkdtemp, readdir, readFile, readlink, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { canEnter, type Owner } from './owner.ts';

/** Where data goes that lies, by name, in a folder which only root can enter. */
const SHARED_ROOT = '/var/lib/meridian';
const LINKED_FROM = 'linked-from';
/** A room younger than this may be waiting for its link. */
const SETTLED_MS = 60_000;

/**
 * A private folder for the owner's data at `path`. Where the owner can't get to `path` (it lies in root's home, say), the
 * folder is made under /var/lib/meridian and `path` becomes a link to it; whoever deletes the link deletes the data, at
 * the next such start.
 * @returns the folder's real path
 */
export async function roomFor(owner: Owner, path: string): Promise<string> {
  const wanted = resolve(path);
  await mkdir(dirname(wanted), { recursive: true });
  const existing = await lstat(wanted).catch(() => undefined);
  if (existing?.isSymbolicLink()) return ownedFolder(owner, resolve(dirname(wanted), await readlink(wanted)));
  if (await canEnter(owner, dirname(wanted))) return ownedFolder(owner, wanted);
  if (existing) throw new Error(`PostgreSQL's user can't enter ${wanted}: choose another data folder, such as one in ${SHARED_ROOT}.`);
  return linkedFolder(owner, wanted);
}

async function linkedFolder(owner: Owner, link: string): Promise<string> {
  await mkdir(SHARED_ROOT, { recursive: true, mode: 0o755 });
  await sweep();
  const room = await ownedFolder(owner, await mkdtemp(join(SHARED_ROOT, 'postgres-')));
  await writeFile(join(room, LINKED_FROM), link);
  await symlink(room, link);
  return room;
}

/** Removes the rooms whose link is gone. */
async function sweep(): Promise<void> {
  for (const name of await readdir(SHARED_ROOT)) {
    const room = join(SHARED_ROOT, name);
    const link = await readFile(join(room, LINKED_FROM), 'utf8').catch(() => undefined);
    if (link === undefined || Date.now() - (await stat(room)).ctimeMs < SETTLED_MS) continue;
    if ((await readlink(link).catch(() => undefined)) !== room) await rm(room, { recursive: true, force: true });
  }
}

async function ownedFolder(owner: Owner, path: string): Promise<string> {
  await mkdir(path, { recursive: true, mode: 0o700 });
  if (owner.uid !== undefined && owner.gid !== undefined) await chown(path, owner.uid, owner.gid);
  await chmod(path, 0o700);
  return path;
}
