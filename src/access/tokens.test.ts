import { createHmac, createPublicKey } from 'node:crypto';
import { CompactEncrypt, type CryptoKey, exportJWK, exportSPKI, generateKeyPair, type JWK, type JWTPayload, SignJWT } from 'jose';
import { beforeAll, describe, expect, test } from 'vitest';
import { FhirError } from '../model/error.ts';
import { pick, randomFrom, testSeed } from '../model/json-random.ts';
import { createIntrospection } from './introspection.ts';
import { fixedKeys, type KeySource } from './keys.ts';
import { bearerToken, createTokenVerifier, TOKEN_ALGORITHMS } from './tokens.ts';

const ISSUER = 'https://issuer.example';
const AUDIENCE = 'https://fhir.example/R4';
const NOW = Date.UTC(2025, 0, 1);
const SECONDS = NOW / 1000;

interface Signer {
  readonly privateKey: CryptoKey;
  readonly publicKey: CryptoKey;
  readonly jwk: JWK;
}

const signers = new Map<string, Signer>();
let lookedUp = 0;
let keys: KeySource;

beforeAll(async () => {
  for (const alg of TOKEN_ALGORITHMS) {
    const pair = await generateKeyPair(alg, { extractable: true });
    signers.set(alg, { ...pair, jwk: { ...(await exportJWK(pair.publicKey)), kid: alg, alg, use: 'sig' } });
  }
  const known = fixedKeys({ keys: Array.from(signers.values(), (signer) => signer.jwk) });
  keys = (header, token) => {
    lookedUp++;
    return known(header, token);
  };
});

const claims = (): JWTPayload => ({
  iss: ISSUER,
  aud: AUDIENCE,
  sub: 'alice',
  iat: SECONDS,
  exp: SECONDS + 300,
  client_id: 'app',
  scope: 'system/Patient.rs',
});
const verifierAt = (now: () => number = () => NOW, source: KeySource = keys) =>
  createTokenVerifier({ issuer: ISSUER, audience: AUDIENCE, keys: source, isResourceType: () => true, now });

function sign(
  payload: JWTPayload,
  header: Record<string, unknown> = {},
  alg = 'ES256',
  key = signers.get(alg)?.privateKey,
): Promise<string> {
  if (!key) throw new Error(`no key for ${alg}`);
  return new SignJWT(payload).setProtectedHeader({ alg, kid: alg, typ: 'at+jwt', ...header }).sign(key);
}

const encode = (value: unknown) => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');

async function refusal(token: string, verifier = verifierAt()): Promise<string> {
  const error = await verifier.verify(token).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(FhirError);
  expect((error as FhirError).status).toBe(401);
  expect((error as FhirError).headers['WWW-Authenticate']).toMatch(/^Bearer error="invalid_token", error_description="[^"]+"$/);
  return (error as FhirError).message;
}

describe('a good token', () => {
  test.each(TOKEN_ALGORITHMS)('signed with %s passes', async (alg) => {
    const principal = await verifierAt().verify(await sign({ ...claims(), patient: 'p1' }, {}, alg));
    expect(principal).toMatchObject({ client: 'app', subject: 'alice', issuer: ISSUER, patient: 'p1', expiresAt: NOW + 300_000 });
    expect(principal.scopes.grants.map(({ target }) => target)).toEqual(['Patient']);
  });

  test('may have the audience among several, any of the access token types, and an old client claim', async () => {
    await verifierAt().verify(await sign({ ...claims(), aud: ['https://else.example', AUDIENCE] }));
    for (const typ of ['JWT', 'application/at+jwt', undefined]) await verifierAt().verify(await sign(claims(), { typ }));
    expect((await verifierAt().verify(await sign({ ...claims(), client_id: undefined, azp: 'old' }))).client).toBe('old');
  });

  test('may be 5 seconds off the clock', async () => {
    await verifierAt().verify(await sign({ ...claims(), exp: SECONDS - 4 }));
    await verifierAt().verify(await sign({ ...claims(), iat: SECONDS + 4, nbf: SECONDS + 4 }));
  });
});

describe('claims that are refused', () => {
  test.each<[string, JWTPayload, string]>([
    ['other issuer', { iss: 'https://issuer.example/' }, 'iss'],
    ['no issuer', { iss: undefined }, 'iss'],
    ['other audience', { aud: 'https://fhir.example/R4/' }, 'aud'],
    ['no audience', { aud: undefined }, 'aud'],
    ['expired', { exp: SECONDS - 6 }, 'expired'],
    ['no expiry', { exp: undefined }, 'exp'],
    ['no issue time', { iat: undefined }, 'iat'],
    ['issued in the future', { iat: SECONDS + 6 }, 'future'],
    ['not valid yet', { nbf: SECONDS + 6 }, 'nbf'],
    ['expiry as text', { exp: '9999999999' as unknown as number }, 'exp'],
    ['no subject', { sub: undefined }, 'sub'],
    ['empty subject', { sub: '' }, 'subject'],
    ['scopes as a list', { scope: ['system/*.cruds'] }, 'scope'],
  ])('%s', async (_name, change, words) => {
    expect(await refusal(await sign({ ...claims(), ...change }))).toContain(words);
  });

  test('one claim twice', async () => {
    const doubled = JSON.stringify(claims()).replace('{', '{"scope":"system/*.cruds",');
    const { privateKey } = signers.get('ES256') as Signer;
    const input = `${encode({ alg: 'ES256', kid: 'ES256' })}.${encode(doubled)}`;
    const signature = await crypto.subtle.sign({ name: 'ECDSA', hash: 'SHA-256' }, privateKey, Buffer.from(input));
    await refusal(`${input}.${Buffer.from(signature).toString('base64url')}`);
  });
});

describe('forged tokens', () => {
  test('are refused, whatever is forged, without a look at a key where the header is enough', async () => {
    const spki = await exportSPKI((signers.get('RS256') as Signer).publicKey);
    const stranger = await generateKeyPair('ES256', { extractable: true });
    const strangerJwk = await exportJWK(stranger.publicKey);
    const good = await sign(claims());
    const [header = '', payload = '', signature = ''] = good.split('.');
    const hmac = (secret: string | Buffer, alg = 'HS256') => {
      const input = `${encode({ alg, kid: 'RS256', typ: 'at+jwt' })}.${payload}`;
      return `${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`;
    };
    const der = createPublicKey(spki).export({ type: 'spki', format: 'der' });
    const byHeader = [
      ...['none', 'None', 'NONE', 'nOnE', '', 'HS256', 'HS384', 'PS256', 'ES512', 'RS1', 'es256', null, 7, ['ES256']].map(
        (alg) => `${encode({ alg, kid: 'ES256' })}.${payload}.${signature}`,
      ),
      `${encode({ alg: 'none' })}.${payload}.`,
      hmac(spki),
      hmac(spki.trim()),
      hmac(der),
      hmac(''),
      await sign(claims(), { kid: 'x', jwk: strangerJwk }, 'ES256', stranger.privateKey),
      await sign(claims(), { jwk: strangerJwk }, 'ES256', stranger.privateKey),
      await sign(claims(), { jku: 'http://127.0.0.1:1/keys' }),
      await sign(claims(), { x5u: 'http://127.0.0.1:1/cert' }),
      await sign(claims(), { x5c: ['AAAA'] }),
      await sign(claims(), { typ: 'logout+jwt' }),
      await sign(claims(), { typ: 'dpop+jwt' }),
      await sign(claims(), { kid: undefined }),
      `${encode({ alg: 'ES256', kid: 'ES256', crit: ['exp'], exp: 1 })}.${payload}.${signature}`,
      `${encode('{"alg":"ES256","alg":"none","kid":"ES256"}')}.${payload}.${signature}`,
      `${encode('{"alg":"ES256","kid":"ES256","__proto__":{"x":1}}')}.${payload}.${signature}`,
      await new CompactEncrypt(Buffer.from(good))
        .setProtectedHeader({ alg: 'RSA-OAEP', enc: 'A128GCM' })
        .encrypt(await publicRsaForEncryption()),
      good.slice(0, good.lastIndexOf('.')),
      `${header}.${payload}.`,
      `${header}..${signature}`,
      `.${payload}.${signature}`,
      `${good}.x`,
      'opaque-token',
      '',
      '..',
      'a'.repeat(1_000_000),
      `${header}.${'A'.repeat(1_000_000)}.${signature}`,
      `${encode('['.repeat(1000))}.${payload}.${signature}`,
      `${encode('null')}.${payload}.${signature}`,
    ];
    lookedUp = 0;
    for (const token of byHeader) await refusal(token);
    expect(lookedUp).toBe(0);

    const byKey = [
      ...['../../etc/passwd', "' OR 1=1 --", 'a\u0001b', 'RS256', 'ES384', 'unknown', '__proto__'].map((kid) => sign(claims(), { kid })),
      sign(claims(), {}, 'ES256', stranger.privateKey),
      ...['A'.repeat(86), 'AA', `${signature.slice(0, -4)}AAAA`, `${signature}AAAA`].map((forged) => `${header}.${payload}.${forged}`),
      `${header}.${encode({ ...claims(), sub: 'admin' })}.${signature}`,
    ];
    for (const token of await Promise.all(byKey)) await refusal(token);
  });

  test('500 damaged ones are refused too', async () => {
    const seed = testSeed();
    const random = randomFrom(seed);
    const good = await Promise.all(TOKEN_ALGORITHMS.map((alg) => sign(claims(), {}, alg)));
    const verifier = verifierAt();
    for (let round = 0; round < 500; round++) {
      const token = pick(random, good);
      // The last character of a part may hold unused bits, so it is left alone.
      const at = Math.floor(random() * (token.length - 2));
      if ('.'.includes(token[at] ?? '') || '.'.includes(token[at + 1] ?? '')) continue;
      const other = pick(
        random,
        [...'ABCXYZabcxyz019-_.'].filter((c) => c !== token[at]),
      );
      expect(await refusal(token.slice(0, at) + other + token.slice(at + 1), verifier), `seed ${seed}`).not.toBe('');
    }
  });
});

async function publicRsaForEncryption(): Promise<CryptoKey> {
  return (await generateKeyPair('RSA-OAEP')).publicKey;
}

describe('remembered tokens', () => {
  test('are verified once, end with the token, and are looked at again every 5 minutes', async () => {
    let now = NOW;
    const verifier = verifierAt(() => now);
    const short = await sign({ ...claims(), exp: SECONDS + 60 });
    lookedUp = 0;
    const first = await verifier.verify(short);
    expect(await verifier.verify(short)).toBe(first);
    now += 64_000;
    expect(await verifier.verify(short)).toBe(first);
    expect(lookedUp).toBe(1);
    now += 1_000;
    expect(await refusal(short, verifier)).toContain('expired');

    const long = await sign({ ...claims(), iat: now / 1000, exp: now / 1000 + 3600 });
    await verifier.verify(long);
    lookedUp = 0;
    now += 299_000;
    await verifier.verify(long);
    expect(lookedUp).toBe(0);
    now += 1_000;
    await verifier.verify(long);
    expect(lookedUp).toBe(1);
  });

  test('a key taken away stops working', async () => {
    let now = NOW;
    let source = keys;
    const verifier = verifierAt(
      () => now,
      (header, token) => source(header, token),
    );
    const token = await sign({ ...claims(), exp: SECONDS + 3600 });
    await verifier.verify(token);
    source = fixedKeys({ keys: [] });
    now += 300_000;
    expect(await refusal(token, verifier)).toContain('key');
  });
});

describe('bearerToken (RFC 6750)', () => {
  test('reads the header', () => {
    expect(bearerToken('Bearer abc.d-e_f.g')).toBe('abc.d-e_f.g');
    expect(bearerToken('bearer  abc')).toBe('abc');
  });
  test.each([undefined, '', 'Basic abc', 'Bearer', 'Bearer a b', 'Bearer a,b', 'abc'])('refuses %j', (header) => {
    expect(() => bearerToken(header)).toThrow(FhirError);
  });
});

describe('opaque tokens (RFC 7662)', () => {
  const active = { active: true, scope: 'patient/*.rs', client_id: 'app', sub: 'alice', exp: SECONDS + 300, patient: 'p1', aud: AUDIENCE };

  /** A verifier whose issuer gives this answer; `asked` counts. */
  function introspecting(answer: object | string, status = 200) {
    const asked: string[] = [];
    let now = NOW;
    const introspect = createIntrospection({
      url: 'https://issuer.example/introspect',
      clientId: 'gateway',
      clientSecret: 's:cret',
      fetch: async (_url, init) => {
        const { authorization } = Object.fromEntries(new Headers(init?.headers));
        asked.push(`${authorization} ${String(init?.body)}`);
        return new Response(typeof answer === 'string' ? answer : JSON.stringify(answer), { status });
      },
    });
    const verifier = createTokenVerifier({
      issuer: ISSUER,
      audience: AUDIENCE,
      keys,
      isResourceType: () => true,
      now: () => now,
      introspect,
    });
    return { asked, verifier, later: (ms: number) => (now += ms) };
  }

  test('are asked about once in ten seconds', async () => {
    const { asked, verifier, later } = introspecting(active);
    const [principal] = await Promise.all([verifier.verify('abc'), verifier.verify('abc')]);
    expect(principal).toMatchObject({ client: 'app', subject: 'alice', issuer: ISSUER, patient: 'p1' });
    await verifier.verify('abc');
    expect(asked).toEqual([`Basic ${Buffer.from('gateway:s%3Acret').toString('base64')} token=abc&token_type_hint=access_token`]);
    later(10_000);
    await verifier.verify('abc');
    expect(asked).toHaveLength(2);
  });

  test.each<[string, object]>([
    ['inactive', { active: false }],
    ['active as text', { ...active, active: 'true' }],
    ['of another issuer', { ...active, iss: 'https://else.example' }],
    ['for another audience', { ...active, aud: 'https://else.example' }],
    ['expired', { ...active, exp: SECONDS - 6 }],
    ['without expiry', { ...active, exp: undefined }],
    ['not valid yet', { ...active, nbf: SECONDS + 6 }],
    ['of nobody', { ...active, sub: undefined, client_id: undefined }],
  ])('that are %s are refused, and not asked about again at once', async (_name, answer) => {
    const { asked, verifier } = introspecting(answer);
    for (let i = 0; i < 3; i++) expect(await verifier.verify('abc').catch((error: FhirError) => error.status)).toBe(401);
    expect(asked).toHaveLength(1);
  });

  test('are a 503 while the issuer gives no answer, and a JWT is never asked about', async () => {
    for (const { verifier } of [introspecting('', 500), introspecting('no JSON'), introspecting('[]')])
      expect(await verifier.verify('abc').catch((error: FhirError) => error.status)).toBe(503);
    const { asked, verifier } = introspecting(active);
    await refusal('a.b.c', verifier);
    expect(asked).toEqual([]);
  });
});
