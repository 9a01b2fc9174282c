/** Whose tokens are taken. */
import { join } from 'node:path';
import { verifyByIssuer } from '../access/by-issuer.ts';
import { createIntrospection } from '../access/introspection.ts';
import { fixedKeys, remoteKeys } from '../access/keys.ts';
import { openLocalIssuer } from '../access/local-key.ts';
import type { RevokedTokens } from '../access/revoked.ts';
import { createTokenVerifier, type TokenVerifier } from '../access/tokens.ts';
import { hasOwnAuthorization } from '../config/load.ts';
import type { Config } from '../config/options.ts';
import type { Definitions } from '../definitions/definitions.ts';
import type { Logger } from '../telemetry/logger.ts';

/** With an identity provider, whose name is the configured issuer, the embedded server goes by its own address. */
export const ownIssuer = (config: Config): string => (config.jwksUrl ? new URL(config.baseUrl).origin : config.issuer);

/** Tokens of the configured identity provider, or of the key that was made at first start; or both. */
export async function createVerifier(
  config: Config,
  definitions: Definitions,
  log: Logger,
  revoked?: RevokedTokens,
): Promise<TokenVerifier> {
  const { introspectionUrl: url, introspectionClientId: clientId = '', introspectionClientSecret: clientSecret = '' } = config;
  const introspect = url ? createIntrospection({ url, clientId, clientSecret }) : undefined;
  const rules = { audience: config.audience, isResourceType: (type: string) => definitions.isResourceType(type), introspect };
  const ofLocalKey = async (issuer: string) => {
    const local = await openLocalIssuer(config.dataDir);
    return createTokenVerifier({ ...rules, issuer, keys: fixedKeys(local.jwks), ...(revoked && { revoked }) });
  };
  if (!config.jwksUrl) return ofLocalKey(config.issuer);
  const keys = remoteKeys({
    url: config.jwksUrl,
    cacheFile: join(config.dataDir, 'jwks-cache.json'),
    onCacheProblem: (error) => log.warn('the keys of the identity provider could not be kept on disk', { error }),
  });
  const ofProvider = createTokenVerifier({ ...rules, issuer: config.issuer, keys });
  if (!hasOwnAuthorization(config)) return ofProvider;
  const own = ownIssuer(config);
  return verifyByIssuer(new Map([[own, await ofLocalKey(own)]]), ofProvider);
}
