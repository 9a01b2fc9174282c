/**
 * The embedded default's own token issuer: a key pair made at first start, kept in the data folder. For a laptop and for
 * tests; a hospital configures its identity provider's issuer and JWKS instead.
 */
import { randomUUID } from 'node:crypto';
import { link, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  CompactSign,
  compactVerify,
  createLocalJWKSet,
  exportJWK,
  generateKeyPair,
  importJWK,
  type JSONWebKeySet,
  type JWK,
  type JWTPayload,
  jwtVerify,
  SignJWT,
} from 'jose';

const ALGORITHM = 'ES256';
/** What OpenID Connect asks every client to understand. */
const ID_TOKEN_ALGORITHM = 'RS256';
const PUBLIC_MEMBERS = ['kty', 'crv', 'x', 'y', 'n', 'e', 'kid', 'alg', 'use'] as const;

export interface LocalClaims {
  /** Base URL of the FHIR server: `http://127.0.0.1:8080/fhir/R4`. */
  readonly audience: string;
  /** Default: the origin of the audience, which is also the configuration's default. */
  readonly issuer?: string;
  readonly scope: string;
  readonly subject: string;
  readonly client?: string;
  /** SMART's patient in context, a logical id. */
  readonly patient?: string;
  /** Who the user is as a resource: "Practitioner/1". */
  readonly fhirUser?: string;
  /** What for, a code of v3-ActReason: `purpose_of_use`. */
  readonly purpose?: string;
  readonly ttlSeconds: number;
}

export interface LocalIssuer {
  /** Public keys only: those of access tokens. */
  readonly jwks: JSONWebKeySet;
  /** What access tokens are signed with. */
  readonly accessTokenAlgorithm: 'ES256';
  /** Private keys of access tokens, then those of id_tokens (RS256), which are made at the first call: for the authorization server alone. */
  signingKeys(): Promise<readonly JWK[]>;
  /** What an access token of ours says; undefined if it isn't ours, has ended or is for another audience. */
  claimsOf(token: string, issuer: string, audience: string): Promise<JWTPayload | undefined>;
  /** A signed access token. */
  sign(claims: LocalClaims): Promise<string>;
}

/**
 * Opens `<dataDir>/keys`, making the folder (0700) and a key (0600) if there is none. Several processes may do so at once:
 * the first one's key is everybody's.
 *
 * The file holds a key set: the first key signs, all are published. To rotate, put a new key first; to revoke, take one out.
 */
export async function openLocalIssuer(dataDir: string): Promise<LocalIssuer> {
  const { folder, keys, signer, key, jwks } = await openKeys(dataDir, 'token-signing');
  const ownKeys = createLocalJWKSet(jwks);

  return {
    jwks,
    accessTokenAlgorithm: ALGORITHM,
    signingKeys: async () => [...keys, ...(await readOrMakeKeys(folder, 'id-token-signing.jwks.json', ID_TOKEN_ALGORITHM))],
    async claimsOf(token, issuer, audience) {
      const rules = { issuer, audience, algorithms: [ALGORITHM], typ: 'at+jwt' };
      return jwtVerify(token, ownKeys, rules).then(
        ({ payload }) => payload,
        () => undefined,
      );
    },
    async sign(claims) {
      return new SignJWT(payloadOf(claims))
        .setProtectedHeader({ alg: ALGORITHM, typ: 'at+jwt', kid: signer.kid ?? '' })
        .setIssuer(claims.issuer ?? new URL(claims.audience).origin)
        .setAudience(claims.audience)
        .setSubject(claims.subject)
        .setJti(randomUUID())
        .setIssuedAt()
        .setExpirationTime(Math.floor(Date.now() / 1000) + claims.ttlSeconds)
        .sign(key);
    },
  };
}

/** Signs statements of the server itself, such as the roots of its audit chain. */
interface LocalSealer {
  /** A JWS of the statement, of that `typ`: no token, so it opens nothing. */
  seal(statement: object, typ: string): Promise<string>;
  /** The statement of a JWS of that `typ` that one of the keys signed; undefined for any other text. */
  open(sealed: string, typ: string): Promise<unknown>;
}

/** Opens `<dataDir>/keys/<name>.jwks.json` as `openLocalIssuer` does its own; keys that were taken out of first place still open. */
export async function openLocalSealer(dataDir: string, name: string): Promise<LocalSealer> {
  const { signer, key, jwks } = await openKeys(dataDir, name);
  const keySet = createLocalJWKSet(jwks);
  return {
    seal: (statement, typ) =>
      new CompactSign(new TextEncoder().encode(JSON.stringify(statement)))
        .setProtectedHeader({ alg: ALGORITHM, typ, kid: signer.kid ?? '' })
        .sign(key),
    async open(sealed, typ) {
      const opened = await compactVerify(sealed, keySet, { algorithms: [ALGORITHM] }).catch(() => undefined);
      return opened?.protectedHeader.typ === typ ? JSON.parse(new TextDecoder().decode(opened.payload)) : undefined;
    },
  };
}

async function openKeys(dataDir: string, name: string) {
  const folder = join(dataDir, 'keys');
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const keys = await readOrMakeKeys(folder, `${name}.jwks.json`, ALGORITHM);
  const [signer] = keys;
  if (!signer) throw new Error(`${folder}: the key set is empty`);
  return { folder, keys, signer, key: await importJWK(signer, ALGORITHM), jwks: { keys: keys.map(publicPart) } };
}

function payloadOf(claims: LocalClaims): JWTPayload {
  return {
    scope: claims.scope,
    client_id: claims.client ?? claims.subject,
    ...(claims.patient !== undefined && { patient: claims.patient }),
    ...(claims.fhirUser !== undefined && { fhirUser: claims.fhirUser }),
    ...(claims.purpose !== undefined && { purpose_of_use: claims.purpose }),
  };
}

/** An allow-list: a private member must never be published, whatever else the file holds. */
function publicPart(key: JWK): JWK {
  return Object.fromEntries(PUBLIC_MEMBERS.filter((name) => key[name] !== undefined).map((name) => [name, key[name]])) as JWK;
}

async function readOrMakeKeys(folder: string, name: string, algorithm: string): Promise<JWK[]> {
  const file = join(folder, name);
  const existing = await readKeys(file);
  if (existing) return existing;
  const draft = join(folder, `.draft-${randomUUID()}`);
  await writeFile(draft, JSON.stringify({ keys: [await makeKey(algorithm)] }), { mode: 0o600, flag: 'wx' });
  try {
    // A link fails if the name is taken, so a key that another process has made meanwhile stays.
    await link(draft, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    await rm(draft, { force: true });
  }
  return (await readKeys(file)) ?? [];
}

async function makeKey(algorithm: string): Promise<JWK> {
  const { privateKey } = await generateKeyPair(algorithm, { extractable: true });
  return { ...(await exportJWK(privateKey)), kid: randomUUID(), alg: algorithm, use: 'sig' };
}

async function readKeys(file: string): Promise<JWK[] | undefined> {
  try {
    return (JSON.parse(await readFile(file, 'utf8')) as { keys: JWK[] }).keys;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
