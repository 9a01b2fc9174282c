/** Tokens that must not be accepted, made with the gateway's own key where the fault is elsewhere. */
import { createHmac, type webcrypto } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { exportJWK, exportSPKI, generateKeyPair, importJWK, type JWK } from 'jose';

/** How a token differs from a good one with `system/*.cruds`. A member that is null is left out. */
export interface Forgery {
  readonly header?: Readonly<Record<string, unknown>>;
  readonly claims?: Readonly<Record<string, unknown>>;
  /** Seconds from now, for `exp`, `iat` and `nbf`. */
  readonly times?: Readonly<Record<string, number>>;
  /** Text put into the payload as it is, after its first brace: a second member of a name. */
  readonly alsoInPayload?: string;
  /**
   * `own`: the gateway's key, the default; `stranger`: another of the same kind; `public-as-secret`: HMAC with the public key
   * as PEM; `jwk-as-secret`: as JWK; `zeros`: r and s are 0; `nothing`: empty; `cut`: its second half is missing.
   */
  readonly signature?: 'own' | 'stranger' | 'public-as-secret' | 'jwk-as-secret' | 'zeros' | 'nothing' | 'cut';
  /** `stranger`'s public key as header `jwk`. */
  readonly ownJwk?: boolean;
  /** Parts added at the end, or the whole token instead. */
  readonly suffix?: string;
  readonly whole?: string;
}

export type Forge = (forgery: Forgery) => Promise<string>;

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const encode = (value: unknown) => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');

/** A forger with the key that lies in the data folder. */
export async function createForge(dataDir: string, audience: string): Promise<Forge> {
  const { keys } = JSON.parse(await readFile(join(dataDir, 'keys', 'token-signing.jwks.json'), 'utf8')) as { keys: JWK[] };
  const own = keys[0] as JWK;
  const stranger = await generateKeyPair('ES256', { extractable: true });
  const { d: _private, ...publicPart } = own;
  const pem = await exportSPKI((await importJWK(publicPart, 'ES256', { extractable: true })) as webcrypto.CryptoKey);
  const ownKey = (await importJWK(own, 'ES256')) as webcrypto.CryptoKey;
  const strangerJwk = await exportJWK(stranger.publicKey);

  async function signatureOf(kind: Forgery['signature'], input: string): Promise<string> {
    switch (kind) {
      case 'nothing':
        return '';
      case 'zeros':
        return 'A'.repeat(86);
      case 'public-as-secret':
        return createHmac('sha256', pem).update(input).digest('base64url');
      case 'jwk-as-secret':
        return createHmac('sha256', JSON.stringify(publicPart)).update(input).digest('base64url');
      default: {
        const key = kind === 'stranger' ? stranger.privateKey : ownKey;
        const signed = Buffer.from(await crypto.subtle.sign(ALGORITHM, key, Buffer.from(input))).toString('base64url');
        return kind === 'cut' ? signed.slice(0, 43) : signed;
      }
    }
  }

  return async ({ header = {}, claims = {}, times = {}, alsoInPayload = '', signature = 'own', ownJwk, suffix = '', whole }) => {
    if (whole !== undefined) return whole;
    const now = Math.floor(Date.now() / 1000);
    const timed = Object.fromEntries(Object.entries({ iat: 0, exp: 600, ...times }).map(([name, seconds]) => [name, now + seconds]));
    const good = { iss: new URL(audience).origin, aud: audience, sub: 'forger', client_id: 'forger', scope: 'system/*.cruds', ...timed };
    const payload = JSON.stringify(withoutNull({ ...good, ...claims })).replace('{', `{${alsoInPayload}`);
    const head = withoutNull({ alg: 'ES256', typ: 'at+jwt', kid: own.kid, ...(ownJwk && { jwk: strangerJwk }), ...header });
    const input = `${encode(head)}.${encode(payload)}`;
    return `${input}.${await signatureOf(signature, input)}${suffix}`;
  };
}

const withoutNull = (members: Readonly<Record<string, unknown>>) =>
  Object.fromEntries(Object.entries(members).filter(([, value]) => value !== null));
