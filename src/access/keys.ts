/**
 * Where the keys that sign tokens come from: a JSON Web Key Set at hand, or one at a URL that is read again when a key is
 * rotated and kept on disk for when its server is away.
 *
 * @see RFC 7517
 */
import { readFileSync } from 'node:fs';
import { rename, writeFile } from 'node:fs/promises';
import {
  createLocalJWKSet,
  createRemoteJWKSet,
  customFetch,
  errors,
  type FetchImplementation,
  type JSONWebKeySet,
  type JWKSCacheInput,
  type JWTVerifyGetKey,
  jwksCache,
} from 'jose';
import { unavailable } from '../model/error.ts';

/** Finds the key that a token's `kid` names; throws jose's JWKSNoMatchingKey if there is none. */
export type KeySource = JWTVerifyGetKey;

/** Keys that never change while the process runs. */
export function fixedKeys(keys: JSONWebKeySet): KeySource {
  return createLocalJWKSet(keys);
}

interface RemoteKeysOptions {
  /** The `jwks_uri`. */
  readonly url: string;
  /** Where to keep the last set that was read, so that a restart works while the URL doesn't. */
  readonly cacheFile?: string;
  /** A set older than this is read again before use. Default 10 minutes. */
  readonly maxAgeMs?: number;
  /** An unknown `kid` makes the set be read again, but not more often than this. Default 30 s. */
  readonly cooldownMs?: number;
  /** How long the last set serves while the URL can't be read. Default 24 hours; after that tokens get 503. */
  readonly maxStaleMs?: number;
  readonly fetch?: FetchImplementation;
  /** Told when the cache file can't be written; verification goes on. */
  readonly onCacheProblem?: (error: unknown) => void;
}

/** Keys from a URL. Throws FhirError 503 from the source when no usable set is at hand. */
export function remoteKeys(options: RemoteKeysOptions): KeySource {
  const cache: JWKSCacheInput = readCache(options.cacheFile);
  const remote = createRemoteJWKSet(new URL(options.url), {
    cacheMaxAge: options.maxAgeMs ?? 600_000,
    cooldownDuration: options.cooldownMs ?? 30_000,
    timeoutDuration: 5_000,
    [jwksCache]: cache,
    ...(options.fetch && { [customFetch]: options.fetch }),
  });
  return async (header, token) => {
    const readBefore = cache.uat;
    try {
      return await remote(header, token);
    } catch (error) {
      if (isAboutTheToken(error)) throw error;
      if (cache.jwks === undefined || Date.now() - cache.uat > (options.maxStaleMs ?? 86_400_000)) {
        throw unavailable('The keys that sign tokens cannot be read now', 5, error);
      }
      return await createLocalJWKSet(cache.jwks)(header, token);
    } finally {
      if (cache.uat !== readBefore) await writeCache(options, cache);
    }
  };
}

const isAboutTheToken = (error: unknown) =>
  error instanceof errors.JWKSNoMatchingKey || error instanceof errors.JWKSMultipleMatchingKeys || error instanceof errors.JOSENotSupported;

function readCache(file: string | undefined): JWKSCacheInput {
  if (file === undefined) return {};
  try {
    const { jwks, uat } = JSON.parse(readFileSync(file, 'utf8'));
    return Array.isArray(jwks?.keys) && typeof uat === 'number' ? { jwks, uat } : {};
  } catch {
    return {};
  }
}

async function writeCache(options: RemoteKeysOptions, cache: JWKSCacheInput): Promise<void> {
  if (options.cacheFile === undefined) return;
  try {
    const draft = `${options.cacheFile}.${process.pid}`;
    await writeFile(draft, JSON.stringify(cache), { mode: 0o600 });
    await rename(draft, options.cacheFile);
  } catch (error) {
    options.onCacheProblem?.(error);
  }
}
