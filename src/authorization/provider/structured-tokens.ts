/**
 * Introspection and revocation of access tokens that are JWTs, which oidc-provider leaves to us. It has authenticated the
 * client by then and answered `unsupported_token_type`; that answer is replaced.
 * @see RFC 7662, RFC 7009
 */
import type { KoaContextWithOIDC } from 'oidc-provider';
import type { AuthorizationOptions } from '../settings.ts';

interface Claims {
  readonly [name: string]: unknown;
  readonly jti?: string;
  readonly exp?: number;
  readonly iat?: number;
  readonly sub?: string;
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
    if (claims && isOwn) await options.revocations.revoke('token', claims.jti ?? '', (claims.exp ?? 0) * 1000);
    ctx.body = '';
    return;
  }
  const isTold = claims && (isOwn || client.clientAuthMethod !== 'none') && (await isActive(claims, options));
  ctx.body = isTold ? { active: true, token_type: 'Bearer', ...toldOf(claims) } : { active: false };
}

/** False for a token that was revoked: alone, with its grant, its account or its client. */
async function isActive(claims: Claims, { store, revocations }: AuthorizationOptions): Promise<boolean> {
  await revocations.refresh();
  const { jti, grant_id, sub = '', client_id, iat = 0 } = claims;
  const grant = typeof grant_id === 'string' ? grant_id : undefined;
  const token = { tokenId: jti, grant, subject: sub, client: String(client_id), issuedAt: iat * 1000 };
  if (revocations.isRevoked(token)) return false;
  return grant === undefined || (await store.find('Grant', grant)) !== undefined;
}

function toldOf({ grant_id: _, ...claims }: Claims): object {
  return claims;
}
