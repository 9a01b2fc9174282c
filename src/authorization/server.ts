/** The authorization server: one function for Node's HTTP server. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type Provider from 'oidc-provider';
import { errors, type KoaContextWithOIDC } from 'oidc-provider';
import { endpointsAt, PATHS, SMART_STYLE, SMART_STYLE_PATH, STYLE_PATH } from './endpoints.ts';
import { readForm } from './form.ts';
import { createInteractions } from './interactions.ts';
import { createLaunches } from './launches.ts';
import { STYLE } from './pages/layout.ts';
import { errorPage } from './pages/pages.ts';
import { createProvider } from './provider/provider.ts';
import { answerForJwt } from './provider/structured-tokens.ts';
import { extendTokenResponse, keepSessionInUse, nameClient } from './provider/token-response.ts';
import type { AuthorizationOptions } from './settings.ts';

export type HandleAuthorization = (incoming: IncomingMessage, outgoing: ServerResponse) => Promise<void>;

/** Headers of every answer; pages of a form say more. */
const HEADERS: Readonly<Record<string, string>> = {
  'Cache-Control': 'no-store',
  Pragma: 'no-cache',
  'Content-Security-Policy': "default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'",
  // Not `no-referrer`: with that, browsers send our own forms with `Origin: null`.
  'Referrer-Policy': 'same-origin',
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
};

/** Loads oidc-provider (half a second, 45 MB) and sets it up. */
export async function createAuthorizationServer(options: AuthorizationOptions): Promise<HandleAuthorization> {
  const launches = createLaunches(options.store, options.now);
  const provider = await createProvider(options, launches);
  const origin = new URL(options.fhirBaseUrl);
  const { smartStyle } = endpointsAt(origin.origin, options.issuerUrl);
  const interactions = createInteractions(provider, options, launches);
  reportTo(provider, options);

  provider.use(async (ctx, next) => {
    ctx.set(HEADERS);
    try {
      await next();
    } catch (error) {
      answerError(ctx, error, options);
    }
  });
  provider.use(async (ctx, next) => {
    if (ctx.path === STYLE_PATH) asset(ctx, 'text/css', STYLE);
    else if (ctx.path === SMART_STYLE_PATH) asset(ctx, 'application/json', JSON.stringify(SMART_STYLE));
    else await next();
  });
  provider.use(async (ctx, next) => {
    if (ctx.path !== PATHS.authorization || ctx.method !== 'POST') return next();
    // oidc-provider takes a POST only with cookies that any site may cause to be sent. As a GET it needs none of that.
    ctx.status = 303;
    ctx.redirect(`${PATHS.authorization}?${await readForm(ctx.req, undefined)}`);
  });
  provider.use(interactions as Parameters<Provider['use']>[0]);
  provider.use(async (context, next) => {
    const ctx = context as unknown as KoaContextWithOIDC;
    if (ctx.path === PATHS.token && ctx.method === 'POST' && !(await isWithinLimits(ctx, options))) return;
    await next();
    if (ctx.path === PATHS.token) {
      await extendTokenResponse(ctx, launches, smartStyle);
      await keepSessionInUse(ctx, options.store, options.now());
      await reportToken(ctx, options);
    } else if (ctx.path === PATHS.introspection || ctx.path === PATHS.revocation) {
      await answerForJwt(ctx, options);
      if (ctx.path === PATHS.revocation) reportRevocation(ctx, options);
    }
  });

  const handle = provider.callback();
  return async (incoming, outgoing) => {
    // What the client says of the host is not believed: addresses begin with the configured one.
    incoming.headers.host = origin.host;
    incoming.headers['x-forwarded-host'] = origin.host;
    incoming.headers['x-forwarded-proto'] = origin.protocol.slice(0, -1);
    await handle(incoming, outgoing);
  };
}

/** Every token that is given, renewed or refused: what can't be put on record is not given. */
async function reportToken(ctx: KoaContextWithOIDC, options: AuthorizationOptions): Promise<void> {
  if (ctx.method !== 'POST' || !ctx.oidc) return;
  const { client, params, entities } = ctx.oidc;
  const body = ctx.body as { scope?: string; error?: string; patient?: string } | undefined;
  const how = String(params?.grant_type ?? 'no grant_type').slice(0, 60);
  const account = entities.Account ? await options.store.accountById(entities.Account.accountId) : undefined;
  const isGiven = ctx.status === 200;
  options.report({
    kind: isGiven ? 'token' : 'token-refused',
    ...(account && { user: account.login }),
    client: client?.clientId ?? String(params?.client_id ?? '').slice(0, LONGEST_CLIENT_ID),
    address: addressOf(ctx, options),
    ...(isGiven && body?.patient && { patient: body.patient }),
    detail: `${how}: ${isGiven ? (body?.scope ?? '') : (body?.error ?? ctx.status)}`,
  });
}

function reportRevocation(ctx: KoaContextWithOIDC, options: AuthorizationOptions): void {
  const client = ctx.oidc?.client?.clientId;
  if (ctx.status === 200 && client !== undefined) options.report({ kind: 'revoked', client, address: addressOf(ctx, options) });
}

const addressOf = (ctx: KoaContextWithOIDC, options: AuthorizationOptions) =>
  options.addressOf?.(ctx.req) ?? ctx.req.socket.remoteAddress ?? '';

/** Answers 429 for a client that has asked for too many tokens. */
async function isWithinLimits(ctx: KoaContextWithOIDC, { store, chargeClient }: AuthorizationOptions): Promise<boolean> {
  const client = await nameClient(ctx, store);
  try {
    if (client !== undefined) await chargeClient?.(ctx.socket.remoteAddress ?? '', client.slice(0, LONGEST_CLIENT_ID));
    return true;
  } catch (error) {
    const { status, headers = {} } = error as { status?: number; headers?: Readonly<Record<string, string>> };
    if (status !== 429) throw error;
    ctx.status = status;
    ctx.set(headers);
    ctx.body = { error: 'temporarily_unavailable', error_description: (error as Error).message };
    return false;
  }
}

const LONGEST_CLIENT_ID = 200;

interface Answer {
  status: number;
  body: unknown;
  type: string;
  set(name: string, value: string): void;
}

function asset(ctx: Answer, type: string, text: string): void {
  ctx.set('Cache-Control', 'public, max-age=3600');
  ctx.set('Access-Control-Allow-Origin', '*');
  ctx.type = type;
  ctx.body = text;
}

/** Errors of our own pages; oidc-provider answers for its addresses itself. */
function answerError(ctx: Answer, error: unknown, { report }: AuthorizationOptions): void {
  const isKnown = error instanceof errors.OIDCProviderError;
  // What can't be put on record is refused until it can.
  const isUnavailable = (error as { status?: number }).status === 503;
  if (!isKnown && !isUnavailable) report({ kind: 'error', error });
  ctx.status = isKnown ? error.statusCode : isUnavailable ? 503 : 500;
  ctx.type = 'html';
  ctx.body = isKnown
    ? errorPage(error.error, error.error_description ?? error.message)
    : errorPage('server_error', 'Something went wrong here.');
}

function reportTo(provider: Provider, { report }: AuthorizationOptions): void {
  provider.on('server_error', (_, error) => report({ kind: 'error', error }));
  provider.on('end_session.success', (ctx) => report({ kind: 'logout', client: ctx.oidc.client?.clientId }));
}
