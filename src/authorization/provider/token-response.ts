/**
 * What SMART adds to oidc-provider's token endpoint.
 * @see https://hl7.org/fhir/smart-app-launch/STU2.2/scopes-and-launch-context.html#launch-context-arrives-with-your-access_token
 */
import { Readable } from 'node:stream';
import type { KoaContextWithOIDC } from 'oidc-provider';
import type { AuthorizationStore } from '../../store/authorization.ts';
import { readBytes } from '../form.ts';
import type { LaunchContext, Launches } from '../launches.ts';
import { LIFETIMES } from '../settings.ts';
import { recordId } from './record-id.ts';

const MAX_TOKEN_REQUEST_BYTES = 56_000;

/** Adds the launch context, and the scopes about identity, to a token response. */
export async function extendTokenResponse(ctx: KoaContextWithOIDC, launches: Launches, smartStyle: string): Promise<void> {
  const body = ctx.body as Record<string, unknown> | undefined;
  const grant = ctx.oidc?.entities.Grant;
  if (ctx.status !== 200 || !body || !grant) return;
  const source = ctx.oidc.entities.AuthorizationCode ?? ctx.oidc.entities.RefreshToken;
  const asked = typeof ctx.oidc.params?.scope === 'string' ? ctx.oidc.params.scope : (source?.scope ?? '');
  const identity = grant.getOIDCScopeFiltered(new Set(asked.split(' ')));
  const context = await launches.ofGrant(grant.jti);
  ctx.body = { ...body, scope: [identity, body.scope].filter(Boolean).join(' '), ...contextParameters(context, smartStyle) };
}

function contextParameters({ patient, encounter, intent, needPatientBanner = true }: LaunchContext, smartStyle: string): object {
  return {
    ...(patient !== undefined && { patient, need_patient_banner: needPatientBanner }),
    ...(encounter !== undefined && { encounter }),
    ...(intent !== undefined && { intent }),
    smart_style_url: smartStyle,
  };
}

/** Using a refresh token that lives with the session counts as using the session. */
export async function keepSessionInUse(ctx: KoaContextWithOIDC, store: AuthorizationStore, now: number): Promise<void> {
  const used = ctx.oidc?.entities.RotatedRefreshToken;
  if (ctx.status !== 200 || !used?.expiresWithSession || !used.sessionUid) return;
  await store.extend('Session', used.sessionUid, new Date(now + LIFETIMES.session * 1000));
}

/**
 * Gives the client that a token request names, whether or not it is that one; undefined if it names none.
 *
 * Public apps that send a refresh token alone (fhirclient does) are known by that token: its client is put into the request.
 * A confidential client gains nothing: it must still authenticate.
 */
export async function nameClient(ctx: KoaContextWithOIDC, store: AuthorizationStore): Promise<string | undefined> {
  const [, basic] = /^Basic +(\S+)$/i.exec(ctx.headers.authorization ?? '') ?? [];
  if (basic !== undefined) return Buffer.from(basic, 'base64').toString().split(':', 1)[0];
  if (ctx.headers.authorization !== undefined || !ctx.is('application/x-www-form-urlencoded')) return undefined;
  const bytes = await readBytes(ctx.req, MAX_TOKEN_REQUEST_BYTES);
  const form = new URLSearchParams(bytes.toString('utf8'));
  const token = form.get('refresh_token');
  if (token && !form.has('client_id') && !form.has('client_assertion')) {
    const record = await store.find('RefreshToken', recordId('RefreshToken', token));
    if (typeof record?.payload.clientId === 'string') form.set('client_id', record.payload.clientId);
  }
  replay(ctx, Buffer.from(form.toString()));
  return form.get('client_id') ?? subjectOf(form.get('client_assertion') ?? '');
}

/** The `sub` of an assertion, not verified. */
function subjectOf(assertion: string): string | undefined {
  try {
    const { sub } = JSON.parse(Buffer.from(assertion.split('.')[1] ?? '', 'base64url').toString()) as { sub?: unknown };
    return typeof sub === 'string' ? sub : undefined;
  } catch {
    return undefined;
  }
}

/** Puts `bytes` in the place of a body that was read. */
function replay(ctx: KoaContextWithOIDC, bytes: Buffer): void {
  const { headers, method, url, socket, httpVersion } = ctx.req;
  headers['content-length'] = String(bytes.length);
  delete headers['transfer-encoding'];
  ctx.req = Object.assign(Readable.from([bytes], { objectMode: false }), {
    headers,
    method,
    url,
    socket,
    httpVersion,
    originalUrl: url,
  }) as unknown as typeof ctx.req;
}
