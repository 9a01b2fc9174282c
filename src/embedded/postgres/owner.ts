/**
 * The operating-system user that PostgreSQL runs as. It refuses to run as root, so a gateway that is root (a container, a
 * build machine) lends it an unprivileged user.
 */
import { execFile } from 'node:child_process';
import { readFile, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { promisify } from 'node:util';

/** Ids to give to a child process; empty when it runs as whoever we are. */
export interface Owner {
  readonly uid?: number;
  readonly gid?: number;
}

const run = promisify(execFile);
const OWN_USER = 'meridian-postgres';

/**
 * Whoever we are, unless that is root: then the user `postgres`, else a system user made for it, else `nobody`.
 * @throws Error when root and there is no such user
 */
export async function chooseOwner(): Promise<Owner> {
  if (process.getuid?.() !== 0) return {};
  const existing = (await findUser('postgres')) ?? (await findUser(OWN_USER));
  if (existing) return existing;
  await run('useradd', ['--system', '--user-group', '--no-create-home', '--shell', '/usr/sbin/nologin', OWN_USER]).catch(() => undefined);
  const made = (await findUser(OWN_USER)) ?? (await findUser('nobody'));
  if (!made)
    throw new Error(
      'PostgreSQL does not run as root and no other user could be made: run as an ordinary user, or create the user "postgres".',
    );
  return made;
}

async function findUser(name: string): Promise<Owner | undefined> {
  const line = (await readFile('/etc/passwd', 'utf8').catch(() => '')).split('\n').find((entry) => entry.startsWith(`${name}:`));
  const [, , uid, gid] = line?.split(':') ?? [];
  return uid && gid ? { uid: Number(uid), gid: Number(gid) } : undefined;
}

/** True if the owner can pass through every folder down to `path` (itself a folder). */
export async function canEnter(owner: Owner, path: string): Promise<boolean> {
  if (owner.uid === undefined) return true;
  for (let folder = resolve(path); ; folder = dirname(folder)) {
    const { mode, uid, gid } = await stat(folder);
    const bit = uid === owner.uid ? 0o100 : gid === owner.gid ? 0o010 : 0o001;
    if ((mode & bit) === 0) return false;
    if (folder === dirname(folder)) return true;
  }
}
