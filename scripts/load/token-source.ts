/** Where the bearer token of a load comes from. */
import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { openLocalIssuer } from '../../src/access/local-key.ts';

const TTL_SECONDS = 900;

/**
 * The token given, or fresh ones signed with the local key of the embedded default, renewed before they expire.
 * @throws Error in one line if there is neither
 */
export async function createTokenSource(options: {
  token?: string | undefined;
  dataDir: string;
  url: string;
  /** Default: all that a load needs. */
  scope?: string;
}): Promise<() => Promise<string>> {
  const { token, dataDir, url, scope = 'system/*.cruds' } = options;
  if (token) return async () => token;
  await access(join(dataDir, 'keys')).catch(() => {
    throw new Error(`no token key in ${dataDir}: start the gateway first (npm start), name its --data-dir, or give a --token`);
  });
  const issuer = await openLocalIssuer(dataDir);
  const sign = () => issuer.sign({ audience: url, scope, subject: 'load', ttlSeconds: TTL_SECONDS });
  let current = sign();
  let renewAt = Date.now() + (TTL_SECONDS * 1000) / 2;
  return async () => {
    if (Date.now() > renewAt) {
      current = sign();
      renewAt = Date.now() + (TTL_SECONDS * 1000) / 2;
    }
    return current;
  };
}
