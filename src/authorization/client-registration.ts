/** What a client is registered as, and the check of it. */
import { hash, randomBytes, randomUUID } from 'node:crypto';
import type { RegisteredClient } from '../store/authorization.ts';

/** A client can't be registered as asked. */
export class RegistrationError extends Error {}

export interface ClientRequest {
  readonly name: string;
  /** `public`: PKCE alone; `secret`: HTTP Basic; `key`: private_key_jwt; `service`: private_key_jwt without a person. */
  readonly kind: 'public' | 'secret' | 'key' | 'service';
  /** The most that it may ask for, separated by spaces. */
  readonly scope: string;
  readonly redirectUris: readonly string[];
  readonly jwksUrl?: string;
  /** A JSON Web Key Set with public keys. */
  readonly jwks?: unknown;
  readonly id?: string;
  readonly isDemo?: boolean;
}

/** The client and, for `secret`, the secret: it is kept as a hash, so this is the only time that it can be told. */
export function registerClient(request: ClientRequest): { readonly client: RegisteredClient; readonly secret?: string } {
  checkClient(request);
  const { kind, redirectUris, jwksUrl, jwks } = request;
  const secret = kind === 'secret' ? randomBytes(32).toString('base64url') : undefined;
  const isService = kind === 'service';
  const metadata = {
    client_name: request.name,
    smart_scope: request.scope.split(' ').filter(Boolean).join(' '),
    grant_types: isService ? ['client_credentials'] : ['authorization_code', 'refresh_token'],
    response_types: isService ? [] : ['code'],
    redirect_uris: isService ? [] : [...redirectUris],
    application_type: redirectUris.some((uri) => !/^https?:/.test(uri)) ? 'native' : 'web',
    token_endpoint_auth_method: kind === 'public' ? 'none' : kind === 'secret' ? 'client_secret_basic' : 'private_key_jwt',
    ...(secret !== undefined && { client_secret: digestOfSecret(secret) }),
    ...(jwksUrl !== undefined && { jwks_uri: jwksUrl }),
    ...(jwks !== undefined && { jwks }),
  };
  return { client: { id: request.id ?? randomUUID(), metadata, isDemo: request.isDemo ?? false }, ...(secret && { secret }) };
}

/** A secret has 256 random bits, so one round of SHA-256 is as good as a slow hash. */
export const digestOfSecret = (secret: string): string => hash('sha256', secret, 'base64url');

function checkClient({ name, kind, scope, redirectUris, jwksUrl, jwks, id }: ClientRequest): void {
  if (name.trim() === '') throw new RegistrationError('A client needs a name: it is shown to people.');
  if (id !== undefined && !/^[A-Za-z0-9._-]{1,100}$/.test(id)) throw new RegistrationError('An id has letters, digits, . _ -');
  if (scope.trim() === '') throw new RegistrationError('A client needs the scopes that it may ask for.');
  const hasKeys = (jwksUrl !== undefined) !== (jwks !== undefined);
  if (kind === 'key' || kind === 'service' ? !hasKeys : jwksUrl !== undefined || jwks !== undefined) {
    throw new RegistrationError('Clients with keys, and only those, need either --jwks-url or --jwks.');
  }
  if (jwks !== undefined) checkKeys(jwks);
  if (kind === 'service') {
    if (redirectUris.length > 0) throw new RegistrationError('A backend service has no redirect addresses.');
    return;
  }
  if (redirectUris.length === 0) throw new RegistrationError('An app needs at least one --redirect-uri.');
  for (const uri of redirectUris) checkRedirect(uri);
}

const SECRET_MEMBERS = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'k'];

function checkKeys(jwks: unknown): void {
  const keys = (jwks as { keys?: unknown })?.keys;
  if (!Array.isArray(keys) || keys.length === 0) throw new RegistrationError('A JSON Web Key Set has a list "keys".');
  for (const key of keys as Record<string, unknown>[]) {
    if (SECRET_MEMBERS.some((member) => Object.hasOwn(key, member)))
      throw new RegistrationError('The key set holds a private key: keep that, give the public one.');
    if (typeof key.kid !== 'string') throw new RegistrationError('Each key needs a "kid".');
  }
}

/** https, http on the machine itself, or an app's own scheme with a dot (RFC 8252). */
function checkRedirect(uri: string): void {
  const url = URL.canParse(uri) ? new URL(uri) : undefined;
  const isLoopback = url?.protocol === 'http:' && ['127.0.0.1', '[::1]', 'localhost'].includes(url.hostname);
  const isOwnScheme = url !== undefined && /^[a-z][a-z0-9+-]*\.[a-z0-9.+-]+:$/.test(url.protocol);
  if (url?.hash !== '' || url.username !== '' || !(url.protocol === 'https:' || isLoopback || isOwnScheme)) {
    throw new RegistrationError(`--redirect-uri ${uri}: https, http on loopback, or a reversed-domain scheme, without a fragment.`);
  }
}
