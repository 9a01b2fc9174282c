import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chown, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Client } from 'pg';
import type { PostgresBinaries } from './binaries.ts';
import type { Owner } from './owner.ts';

/** The folder of a cluster's data inside the folder that is ours. */
export const dataFolder = (folder: string) => join(folder, 'data');

/**
 * Makes an empty cluster in `folder`, unless there is one. It is made aside and renamed, so an interrupted start leaves
 * no half cluster.
 * @returns the password of its superuser `meridian`
 */
export async function createCluster(options: { binaries: PostgresBinaries; owner: Owner; folder: string }): Promise<string> {
  const { binaries, owner, folder } = options;
  const passwordFile = join(folder, 'password');
  if (existsSync(dataFolder(folder))) return (await readFile(passwordFile, 'utf8')).trim();
  const password = randomBytes(24).toString('base64url');
  await writeFile(passwordFile, `${password}\n`, { mode: 0o600 });
  if (owner.uid !== undefined && owner.gid !== undefined) await chown(passwordFile, owner.uid, owner.gid);
  const unfinished = `${dataFolder(folder)}.unfinished`;
  await rm(unfinished, { recursive: true, force: true });
  await initdb(binaries.initdb, owner, [
    `--pgdata=${unfinished}`,
    '--username=meridian',
    `--pwfile=${passwordFile}`,
    '--auth=scram-sha-256',
    '--encoding=UTF8',
    '--locale=C',
    '--locale-provider=builtin',
    '--builtin-locale=C.UTF-8',
    '--no-instructions',
  ]);
  await rename(unfinished, dataFolder(folder));
  return password;
}

function initdb(binary: string, owner: Owner, args: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(binary, args, {
      ...owner,
      cwd: '/',
      env: { PATH: process.env.PATH, TZ: 'UTC' },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let errors = '';
    child.stderr.on('data', (chunk: Buffer) => {
      errors += chunk.toString();
    });
    child.once('error', reject);
    child.once('close', (code) =>
      code === 0 ? resolve() : reject(new Error(`initdb failed (${code}): ${errors.trim().split('\n').at(-1)}`)),
    );
  });
}

/** Creates the database if it isn't there. */
export async function ensureDatabase(url: string, name: string): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    const found = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [name]);
    if (found.rowCount === 0) await client.query(`CREATE DATABASE ${client.escapeIdentifier(name)}`);
  } finally {
    await client.end();
  }
}
