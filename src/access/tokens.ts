/**
 * Bearer tokens: signed JWTs, verified with jose against a fixed list of algorithms; opaque ones where the issuer can be asked.
 *
 * Nothing in the token decides how it is verified: keys come from the configured set by `kid`; headers that would name
 * another key or rule (`jwk`, `jku`, `x5u`, `x5c`, `crit`) are refused before any key is looked up.
 *
 * @see RFC 6750, RFC 8725 (JWT best current practices), RFC 9068
 */
import { errors, type JWTPayload, type JWTVerifyOptions, jwtVerify } from 'jose';
import { FhirError, unauthenticated } from '../model/error.ts';
import { parseJson } from '../model/json-text.ts';
import { createRecentValues } from '../model/recent-values.ts';
import type { Introspect } from './introspection.ts';
import type { KeySource } from './keys.ts';
import type { Principal } from './principal.ts';
import { NONE_REVOKED, type RevokedTokens } from './revoked.ts';
import { parseScopes } from './scopes.ts';

export const TOKEN_ALGORITHMS = ['RS256', 'RS384', 'ES256', 'ES384', 'EdDSA'];

/** Longer tokens are refused unread; HTTP servers commonly end headers at 8 or 16 kB. */
const MAX_TOKEN_LENGTH = 8192;

/** Clocks of issuer and gateway may differ by this much. */
const CLOCK_SKEW_SECONDS = 5;

/** A key taken out of the set stops working after this long at most. */
const REVERIFY_MS = 300_000;

/** What the issuer said of an opaque token is believed for so long: one that is revoked stops working by then. */
const REASK_MS = 10_000;

const REFUSED_HEADERS = ['jwk', 'jku', 'x5u', 'x5c', 'crit', 'b64', 'enc', 'zip'];
/** RFC 9068's, and what issuers from before it write. */
const TOKEN_TYPES = new Set([undefined, 'at+jwt', 'application/at+jwt', 'jwt']);

interface TokenVerifierOptions {
  /** The `iss` that tokens must carry. */
  readonly issuer: string;
  readonly keys: KeySource;
  /** Asked about tokens that are no JWT; without it they are refused. */
  readonly introspect?: Introspect;
  /** The `aud` that tokens must carry (or one of several): the base URL of the FHIR server. */
  readonly audience: string | readonly string[];
  readonly isResourceType: (type: string) => boolean;
  /** Tokens that ended before their time; default: none. */
  readonly revoked?: RevokedTokens;
  /** Milliseconds since 1970; for tests. */
  readonly now?: () => number;
  /** How many verified tokens are remembered. Default 10,000. */
  readonly remembered?: number;
}

export interface TokenVerifier {
  /**
   * Who the token speaks for. A token seen before costs one map look-up (about 1 µs), until it expires.
   * @throws FhirError 401; 503 if the keys can't be read
   */
  verify(token: string): Promise<Principal>;
}

interface VerifiedToken {
  readonly principal: Principal;
  readonly until: number;
  /** Of the revoked tokens, when this one was not among them. */
  revision: number;
}

export function createTokenVerifier(options: TokenVerifierOptions): TokenVerifier {
  const { now = Date.now, revoked = NONE_REVOKED } = options;
  const verified = createRecentValues<VerifiedToken>(options.remembered ?? 10_000);
  /** Opaque tokens that are not active, and until when that is believed. */
  const refused = createRecentValues<number>(1_000);

  return {
    async verify(token) {
      const known = verified.get(token);
      if (known !== undefined && now() < known.until && isStillGood(known)) return known.principal;
      verified.delete(token);
      const introspect = looksLikeJwt(token) ? undefined : options.introspect;
      if (introspect && now() < (refused.get(token) ?? 0)) throw refusedToken('The token is not active');
      const principal = await (introspect ? askAbout(token, introspect) : verifyToken(token, options, now()));
      const revision = revoked.revision();
      if (revoked.isRevoked(principal)) throw refusedToken('The token was revoked');
      const until = Math.min(principal.expiresAt + CLOCK_SKEW_SECONDS * 1000, now() + (introspect ? REASK_MS : REVERIFY_MS));
      verified.set(token, { principal, until, revision });
      return principal;
    },
  };

  /** Asked anew only when more tokens were revoked since. */
  function isStillGood(known: VerifiedToken): boolean {
    const revision = revoked.revision();
    if (known.revision === revision) return true;
    if (revoked.isRevoked(known.principal)) return false;
    known.revision = revision;
    return true;
  }

  async function askAbout(token: string, introspect: Introspect): Promise<Principal> {
    try {
      return await introspected(token, introspect, options, now());
    } catch (error) {
      if (error instanceof FhirError && error.status === 401) refused.set(token, now() + REASK_MS);
      throw error;
    }
  }
}

/** Whoever has dots is judged as a JWT, so that nobody chooses how a token is judged. */
const looksLikeJwt = (token: string) => token.includes('.');

/** @see https://www.rfc-editor.org/rfc/rfc7662#section-2.2 */
async function introspected(token: string, introspect: Introspect, options: TokenVerifierOptions, at: number): Promise<Principal> {
  if (token.length > MAX_TOKEN_LENGTH) throw refusedToken('The token is too long');
  const claims = (await introspect(token)) as JWTPayload;
  const { iss = options.issuer, aud, exp, iat, nbf, sub, client_id } = claims;
  const seconds = at / 1000;
  if (iss !== options.issuer) throw refusedToken("The token's claim iss is not accepted here");
  if (aud !== undefined && ![aud].flat().some((each) => audiencesOf(options).includes(each)))
    throw refusedToken("The token's claim aud is not accepted here");
  if (typeof exp !== 'number' || exp < seconds - CLOCK_SKEW_SECONDS) throw refusedToken('The token has expired');
  if (typeof nbf === 'number' && nbf > seconds + CLOCK_SKEW_SECONDS) throw refusedToken('The token is not valid yet');
  const known = { ...claims, iss, sub: sub ?? textClaim(client_id) ?? '', iat: typeof iat === 'number' ? iat : 0 };
  return principalOf(known, options, at);
}

/** The token of an `Authorization` header. @throws FhirError 401 if there is none or the scheme isn't Bearer */
export function bearerToken(authorization: string | undefined | null): string {
  if (!authorization) throw unauthenticated('This needs a bearer token', 'Bearer');
  const match = /^Bearer +([A-Za-z0-9\-._~+/]+=*) *$/i.exec(authorization);
  if (!match?.[1]) throw unauthenticated('The Authorization header is not "Bearer" and one token', 'Bearer error="invalid_request"');
  return match[1];
}

async function verifyToken(token: string, options: TokenVerifierOptions, at: number): Promise<Principal> {
  if (token.length > MAX_TOKEN_LENGTH) throw refusedToken('The token is too long');
  const [header, payload, signature, ...more] = token.split('.');
  if (!header || !payload || !signature || more.length > 0) throw refusedToken('The token is not a signed JWT');
  checkHeader(readPart(header));
  // Signed or not, a payload that says one thing twice has no single meaning; JSON.parse would take the last.
  readPart(payload);
  const rules: JWTVerifyOptions = {
    algorithms: TOKEN_ALGORITHMS,
    issuer: options.issuer,
    audience: [...audiencesOf(options)],
    clockTolerance: CLOCK_SKEW_SECONDS,
    requiredClaims: ['exp', 'iat', 'sub'],
    currentDate: new Date(at),
  };
  try {
    const { payload: claims } = await jwtVerify(token, options.keys, rules);
    return principalOf(claims, options, at);
  } catch (error) {
    throw error instanceof FhirError ? error : refusedToken(explain(error));
  }
}

const audiencesOf = ({ audience }: TokenVerifierOptions): readonly string[] => (typeof audience === 'string' ? [audience] : audience);

function checkHeader(header: Record<string, unknown>): void {
  if (typeof header.alg !== 'string' || !TOKEN_ALGORITHMS.includes(header.alg)) {
    throw refusedToken(`The token is not signed with one of ${TOKEN_ALGORITHMS.join(', ')}`);
  }
  const refused = REFUSED_HEADERS.find((name) => Object.hasOwn(header, name));
  if (refused !== undefined) throw refusedToken(`Tokens must not carry the header ${refused}`);
  if (typeof header.kid !== 'string' || header.kid === '') throw refusedToken('The token does not name its key (kid)');
  if (!TOKEN_TYPES.has(typeof header.typ === 'string' ? header.typ.toLowerCase() : (header.typ as undefined))) {
    throw refusedToken('The token is not an access token (typ)');
  }
}

function readPart(part: string): Record<string, unknown> {
  try {
    const value = parseJson(Buffer.from(part, 'base64url').toString(), { maxDepth: 16 });
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  } catch {
    // Falls through: the JSON error would name places inside the token.
  }
  throw refusedToken('The token is not a signed JWT');
}

function principalOf(claims: JWTPayload, options: TokenVerifierOptions, at: number): Principal {
  const { sub = '', exp = 0, iat = 0, iss = '', scope } = claims;
  if (sub === '') throw refusedToken('The token names no subject');
  if (iat > at / 1000 + CLOCK_SKEW_SECONDS) throw refusedToken('The token was issued in the future');
  if (scope !== undefined && typeof scope !== 'string') throw refusedToken('The claim scope is not one string');
  return {
    client: textClaim(claims.client_id) ?? textClaim(claims.azp) ?? sub,
    subject: sub,
    issuer: iss,
    scopes: parseScopes(scope ?? '', options.isResourceType),
    ...launchContext(claims, audiencesOf(options)),
    ...(textClaim(claims.jti) && { tokenId: claims.jti as string }),
    ...(textClaim(claims.grant_id) && { grant: claims.grant_id as string }),
    ...purposesOf(claims.purpose_of_use),
    issuedAt: iat * 1000,
    expiresAt: exp * 1000,
  };
}

/** What SMART's launch context says. An id that no resource can have is no context: what hangs on it grants nothing. */
function launchContext({ patient, encounter, fhirUser }: JWTPayload, baseUrls: readonly string[]) {
  const user = textClaim(fhirUser);
  const base = baseUrls.find((url) => user?.startsWith(`${url}/`));
  return {
    ...(isLogicalId(patient) && { patient }),
    ...(isLogicalId(encounter) && { encounter }),
    ...(user !== undefined && { fhirUser: base === undefined ? user : user.slice(base.length + 1) }),
  };
}

/**
 * Codes, one or several, as texts or Codings; those of another system count for nothing.
 * @see https://profiles.ihe.net/ITI/IUA/index.html#3714221-json-web-token-option
 */
function purposesOf(claim: unknown): Pick<Principal, 'purposes'> {
  const codes = [claim].flat().flatMap((each) => purposeCode(each) ?? []);
  return codes.length > 0 ? { purposes: codes } : {};
}

function purposeCode(purpose: unknown): string | undefined {
  if (typeof purpose === 'string') return PURPOSE.exec(purpose)?.[1];
  const { system, code } = (purpose ?? {}) as { system?: unknown; code?: unknown };
  return typeof code === 'string' && (system === ACT_REASONS || system === ACT_REASONS_OID) ? code : undefined;
}

const ACT_REASONS = 'http://terminology.hl7.org/CodeSystem/v3-ActReason';
const ACT_REASONS_OID = 'urn:oid:2.16.840.1.113883.5.8';
const PURPOSE =
  /^(?:http:\/\/terminology\.hl7\.org\/CodeSystem\/v3-ActReason[|#]|urn:oid:2\.16\.840\.1\.113883\.5\.8[|#])?([A-Za-z0-9_-]{1,40})$/;

const isLogicalId = (claim: unknown): claim is string => typeof claim === 'string' && /^[A-Za-z0-9\-.]{1,64}$/.test(claim);

const textClaim = (claim: unknown) => (typeof claim === 'string' && claim !== '' ? claim : undefined);

function explain(error: unknown): string {
  if (error instanceof errors.JWTExpired) return 'The token has expired';
  if (error instanceof errors.JWTClaimValidationFailed) return `The token's claim ${error.claim} is missing or not accepted here`;
  if (error instanceof errors.JWSSignatureVerificationFailed) return 'The signature of the token does not hold';
  if (error instanceof errors.JWKSNoMatchingKey || error instanceof errors.JWKSMultipleMatchingKeys)
    return 'The key of the token is not known';
  return 'The token is not a signed JWT that this server accepts';
}

/** The texts hold no quotes and nothing from the token, so they can stand in the challenge. */
function refusedToken(reason: string): FhirError {
  return unauthenticated(reason, `Bearer error="invalid_token", error_description="${reason}"`);
}
