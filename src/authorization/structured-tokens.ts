/**
 * Introspection and revocation of access tokens that are JWTs, which oidc-provider leaves to us. It has authenticated the
 * client by then and answered `unsupported_token_type`; that answer is replaced.
 * @see RFC 7662, RFC 7009
 */
import type { KoaContextWithOIDC } from 'oidc-provider';
import type { AuthorizationOptions } from './settings.ts';

const MODEL = 'RevokedToken';

interface Claims {
  readonly [name: string]: unknown;
  readonly jti?: string;
  readonly exp?: number;
  readonly client_id?: unknown;
  readonly grant_id?: unknown;
}

export async function answerForJwt(ctx: KoaContextWithOIDC, options: AuthorizationOptions): Promise<void> {
  const body = ctx.body as { error?: string } | undefined;
  const client = ctx.oidc?.client;
  if (ctx.status !== 400 || body?.error !== 'unsupported_token_type' || !client) return;
  const claims = (await options.issuer.claimsOf(String(ctx.oidc.params?.token), options.issuerUrl, options.fhirBaseUrl)) as
    | Claims
    | undefined;
  const isOwn = claims?.client_id === client.clientId;
  ctx.status = 200;
  if (ctx.oidc.route === 'revocation') {
    if (claims && isOwn) await revoke(claims, options);
    ctx.body = '';
    return;
  }
  const isTold = claims && (isOwn || client.clientAuthMethod !== 'none') && (await isActive(claims, options));
  ctx.body = isTold ? { active: true, token_type: 'Bearer', ...toldOf(claims) } : { active: false };
}

async function revoke({ jti = '', exp = 0 }: Claims, { store }: AuthorizationOptions): Promise<void> {
  await store.put({ model: MODEL, id: jti, payload: {}, expiresAt: new Date(exp * 1000 + 60_000) });
}

/** False for a token that was revoked, alone or with its grant. */
async function isActive({ jti = '', grant_id }: Claims, { store }: AuthorizationOptions): Promise<boolean> {
  if (await store.find(MODEL, jti)) return false;
  return typeof grant_id !== 'string' || (await store.find('Grant', grant_id)) !== undefined;
}

function toldOf({ grant_id: _, ...claims }: Claims): object {
  return claims;
}
