/**
 * oidc-provider, set up for SMART App Launch: PKCE with S256 always, codes for a minute, rotating refresh tokens, access
 * tokens as JWTs for the FHIR server.
 * @see https://github.com/panva/node-oidc-provider/blob/main/docs/README.md
 */
import { hkdfSync, timingSafeEqual } from 'node:crypto';
import Provider, { type Configuration, errors, interactionPolicy, type JWK, type KoaContextWithOIDC } from 'oidc-provider';
import { digestOfSecret } from '../client-registration.ts';
import { CLIENT_ASSERTION_ALGORITHMS, INTERACTION_PATH, PATHS } from '../endpoints.ts';
import type { Launches } from '../launches.ts';
import { Html } from '../pages/html.ts';
import { errorPage, loggedOutPage, logoutPage } from '../pages/pages.ts';
import { allowedToClient, needsPatient, OPENID_SCOPES } from '../scopes/grantable.ts';
import { type AuthorizationOptions, LIFETIMES } from '../settings.ts';
import { createAdapterFactory } from './adapter.ts';
import { checkAssertion } from './client-assertion.ts';

export async function createProvider(options: AuthorizationOptions, launches: Launches): Promise<Provider> {
  const keys = await options.issuer.signingKeys();
  const provider = new Provider(options.issuerUrl, {
    ...FIXED,
    adapter: createAdapterFactory(options.store, options.revocations),
    jwks: { keys: keys as JWK[] },
    cookies: cookies(keys[0]?.d ?? ''),
    interactions: { policy: promptPolicy(), url: (_, { uid }) => INTERACTION_PATH + uid },
    features: features(options),
    extraParams: {
      aud: (ctx: KoaContextWithOIDC, aud: unknown) => checkAudience(ctx, aud, options),
      launch: (ctx: KoaContextWithOIDC, launch: unknown) => checkLaunch(ctx, launch, launches),
    } as unknown as Configuration['extraParams'],
    findAccount: (_, id) => findAccount(id, options),
    assertJwtClientAuthClaimsAndHeader: async (_, claims, header, client) =>
      checkAssertion(claims, header, client, Math.floor(options.now() / 1000)),
    extraTokenClaims: (_, token) => tokenClaims(token as { grantId?: string; accountId?: string }, options, launches),
    fetch: (url, init) => globalThis.fetch(url, withoutGuard(String(url), init, options.privateKeyOrigins)),
  });
  // Every address that it tells begins with the public origin, which server.ts puts into these headers itself.
  provider.proxy = true;
  provider.Client.prototype.compareClientSecret = async function (this: { clientSecret?: string }, secret: string) {
    const [given, kept] = [Buffer.from(digestOfSecret(secret)), Buffer.from(this.clientSecret ?? '')];
    return given.length === kept.length && timingSafeEqual(given, kept);
  };
  return provider;
}

const FIXED: Configuration = {
  clientAuthMethods: ['none', 'client_secret_basic', 'private_key_jwt'],
  clockTolerance: 5,
  clientBasedCORS: (_, origin, client) => (client.redirectUris ?? []).some((uri) => URL.parse(uri)?.origin === origin),
  conformIdTokenClaims: false,
  claims: { openid: ['sub'], profile: ['name'], fhirUser: ['fhirUser'] },
  allowOmittingSingleRegisteredRedirectUri: false,
  enabledJWA: { clientAuthSigningAlgValues: [...CLIENT_ASSERTION_ALGORITHMS], idTokenSigningAlgValues: ['RS256'] },
  extraClientMetadata: { properties: ['smart_scope'] },
  // Each authorization asks anew: a remembered grant would carry the context of another launch.
  loadExistingGrant: async (ctx) => {
    const grantId = ctx.oidc.result?.consent?.grantId;
    return grantId ? ctx.oidc.provider.Grant.find(grantId) : undefined;
  },
  issueRefreshToken: async (_, client, code) =>
    client.grantTypeAllowed('refresh_token') && (code.scopes.has('offline_access') || code.scopes.has('online_access')),
  pkce: { required: () => true },
  renderError: async (ctx, { error, error_description }) => {
    ctx.type = 'html';
    ctx.body = errorPage(error, error_description);
  },
  responseTypes: ['code'],
  rotateRefreshToken: true,
  routes: { ...PATHS },
  scopes: [...OPENID_SCOPES],
  ttl: {
    AccessToken: LIFETIMES.accessToken,
    AuthorizationCode: LIFETIMES.code,
    ClientCredentials: LIFETIMES.serviceToken,
    Grant: LIFETIMES.offlineRefresh,
    IdToken: LIFETIMES.accessToken,
    Interaction: LIFETIMES.interaction,
    // Rotation does not make a grant live longer than it was given for.
    RefreshToken: (ctx, token) =>
      ctx?.oidc.entities.RotatedRefreshToken?.remainingTTL ??
      (token.scopes.has('offline_access') ? LIFETIMES.offlineRefresh : LIFETIMES.onlineRefresh),
    Session: LIFETIMES.session,
  },
};

function features({ fhirBaseUrl, issuer, isResourceType }: AuthorizationOptions): Configuration['features'] {
  return {
    devInteractions: { enabled: false },
    dPoP: { enabled: false },
    pushedAuthorizationRequests: { enabled: false },
    userinfo: { enabled: false },
    clientCredentials: { enabled: true },
    introspection: {
      enabled: true,
      allowedPolicy: async (_, client, token) => client.clientAuthMethod !== 'none' || token.clientId === client.clientId,
    },
    revocation: { enabled: true, allowedPolicy: async (_, client, token) => token.clientId === client.clientId },
    rpInitiatedLogout: {
      enabled: true,
      logoutSource: async (ctx, form) => {
        ctx.body = logoutPage(new Html(form));
      },
      postLogoutSuccessSource: async (ctx) => {
        ctx.body = loggedOutPage();
      },
    },
    resourceIndicators: {
      enabled: true,
      defaultResource: async () => fhirBaseUrl,
      useGrantedResource: async () => true,
      getResourceServerInfo: async (ctx, resource, client) => {
        if (resource !== fhirBaseUrl) throw new errors.InvalidTarget('the only resource here is the FHIR server');
        return {
          scope: fhirScopes(ctx, String(client.smart_scope ?? ''), fhirBaseUrl, isResourceType),
          audience: fhirBaseUrl,
          accessTokenFormat: 'jwt',
          jwt: { sign: { alg: issuer.accessTokenAlgorithm } },
        };
      },
    },
  };
}

/** The scopes that this request can be about; a grant narrows them further. */
function fhirScopes(ctx: KoaContextWithOIDC, registered: string, resource: string, isResourceType: (type: string) => boolean): string {
  const { Grant } = ctx.oidc.entities;
  if (Grant) return Grant.getResourceScope(resource);
  const asked = String(ctx.oidc.params?.scope ?? '')
    .split(' ')
    .filter(Boolean);
  if (ctx.oidc.route !== 'token') {
    const allowed = allowedToClient(asked, registered, false, isResourceType);
    return allowed.filter((each) => !OPENID_SCOPES.includes(each)).join(' ');
  }
  const scope = allowedToClient(asked, registered, true, isResourceType).join(' ');
  if (scope === '') throw new errors.InvalidScope('no system/ scope that this client may have was asked for', asked.join(' '));
  if (ctx.oidc.params) ctx.oidc.params.scope = scope;
  return scope;
}

/**
 * `aud` must be this FHIR server, so that an app can't be made to send its token elsewhere. Here the scopes are cut to
 * the client's registration too, and `offline_access` put back, which OpenID Connect drops without `prompt=consent`: this
 * server asks for consent always.
 */
async function checkAudience(ctx: KoaContextWithOIDC, aud: unknown, { fhirBaseUrl, isResourceType }: AuthorizationOptions): Promise<void> {
  if (aud === undefined) throw new errors.InvalidRequest("missing required parameter 'aud': the address of the FHIR server");
  if (String(aud).replace(/\/$/, '') !== fhirBaseUrl) throw new errors.InvalidTarget('aud is not the address of this FHIR server');
  const { client, params } = ctx.oidc;
  const raw = ctx.query as { scope?: string };
  const scopes = allowedToClient((raw.scope ?? '').split(' ').filter(Boolean), String(client?.smart_scope ?? ''), false, isResourceType);
  if (scopes.length === 0) throw new errors.InvalidScope('none of these scopes may be asked for by this client', raw.scope ?? '');
  if (params) params.scope = scopes.join(' ');
}

async function checkLaunch(ctx: KoaContextWithOIDC, launch: unknown, launches: Launches): Promise<void> {
  const isAsked = String(ctx.oidc.params?.scope ?? '')
    .split(' ')
    .includes('launch');
  if (!isAsked) return;
  if (launch === undefined) throw new errors.InvalidRequest("the scope 'launch' needs the parameter 'launch'");
  if (!(await launches.find(String(launch), ctx.oidc.client?.clientId ?? '')))
    throw new errors.InvalidRequest('the launch is unknown, used or too old');
}

/** Between log-in and consent: the patient that the app is about. */
function promptPolicy() {
  const { Check, Prompt, base } = interactionPolicy;
  const policy = base();
  const missing = new Check('context_missing', 'a patient has to be chosen', 'interaction_required', (ctx) => {
    const isChosen = (ctx.oidc.result as { context?: object } | undefined)?.context !== undefined;
    return !isChosen && needsPatient(String(ctx.oidc.params?.scope ?? '').split(' '));
  });
  policy.add(new Prompt({ name: 'patient', requestable: false }, missing), 1);
  return policy;
}

function cookies(secret: string): Configuration['cookies'] {
  const key = Buffer.from(hkdfSync('sha256', secret, '', 'meridian authorization cookies', 32)).toString('base64url');
  return {
    names: { session: 'meridian_session', interaction: 'meridian_interaction', resume: 'meridian_resume' },
    keys: [key],
    long: { httpOnly: true, sameSite: 'lax', signed: true, path: '/oauth' },
    short: { httpOnly: true, sameSite: 'lax', signed: true },
  };
}

async function findAccount(id: string, { store, fhirBaseUrl, allowDemo }: AuthorizationOptions) {
  const account = await store.accountById(id);
  if (!account || account.isDisabled || (account.isDemo && !allowDemo)) return undefined;
  const fhirUser = account.fhirUser && `${fhirBaseUrl}/${account.fhirUser}`;
  return { accountId: id, claims: async () => ({ sub: id, name: account.displayName, ...(fhirUser && { fhirUser }) }) };
}

/** The claims by which the FHIR server bounds a token; `grant_id` ties it to its grant for introspection. */
async function tokenClaims(token: { grantId?: string; accountId?: string }, options: AuthorizationOptions, launches: Launches) {
  if (token.grantId === undefined || token.accountId === undefined) return undefined;
  const [{ patient, encounter }, account] = await Promise.all([
    launches.ofGrant(token.grantId),
    options.store.accountById(token.accountId),
  ]);
  return {
    grant_id: token.grantId,
    ...(patient !== undefined && { patient }),
    ...(encounter !== undefined && { encounter }),
    ...(account?.fhirUser && { fhirUser: `${options.fhirBaseUrl}/${account.fhirUser}` }),
  };
}

/** oidc-provider refuses private addresses by its dispatcher; those that the operator named are let through. */
function withoutGuard(url: string, init: RequestInit | undefined, allowed: readonly string[]): RequestInit | undefined {
  if (!allowed.includes(new URL(url).origin)) return init;
  const { dispatcher: _, ...rest } = init as RequestInit & { dispatcher?: unknown };
  return rest;
}
