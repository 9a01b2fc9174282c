/** @see https://hl7.org/fhir/smart-app-launch/STU2.2/backend-services.html */
import { randomUUID } from 'node:crypto';
import { decodeJwt, exportJWK, generateKeyPair, SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { type ServedAuthorization, serveAuthorization } from '../../tests/support/authorization.ts';
import { createMemoryAuthorizationStore } from '../store/memory/authorization.ts';

type Keys = Awaited<ReturnType<typeof generateKeyPair>>;
// Key pairs and password hashes take their time on a busy machine.
vi.setConfig({ testTimeout: 60_000 });

let served: ServedAuthorization;
const keys = new Map<string, Keys>();

const TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
const CLIENT_OF: Readonly<Record<string, string>> = { RS384: 'rsa-service', ES384: 'ec-service' };

beforeAll(async () => {
  served = await serveAuthorization(createMemoryAuthorizationStore());
  for (const [alg, id] of Object.entries(CLIENT_OF)) {
    const pair = await generateKeyPair(alg, { extractable: true });
    keys.set(alg, pair);
    const jwks = { keys: [{ ...(await exportJWK(pair.publicKey)), kid: 'k1', alg, use: 'sig' }] };
    await served.addClient({ id, kind: 'service', scope: 'system/Observation.rs system/Patient.rs', jwks });
  }
}, 120_000);
afterAll(() => served?.close());

interface Changes {
  readonly claims?: Readonly<Record<string, unknown>>;
  readonly header?: Readonly<Record<string, unknown>>;
  readonly key?: Keys['privateKey'];
  readonly form?: Readonly<Record<string, string>>;
}

async function assertion(alg: string, { claims = {}, header = {}, key }: Changes = {}): Promise<string> {
  const client = CLIENT_OF[alg] ?? '';
  const all = {
    iss: client,
    sub: client,
    aud: served.server.endpoints.token,
    exp: Math.floor(Date.now() / 1000) + 240,
    jti: randomUUID(),
    ...claims,
  };
  const present = Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
  const signer = key ?? keys.get(alg)?.privateKey;
  if (!signer) throw new Error('no key');
  return new SignJWT(present).setProtectedHeader({ alg, kid: 'k1', typ: 'JWT', ...header }).sign(signer);
}

async function ask(alg: string, changes: Changes = {}, signed?: string) {
  return served.token({
    grant_type: 'client_credentials',
    scope: 'system/Observation.rs',
    client_assertion_type: TYPE,
    client_assertion: signed ?? (await assertion(alg, changes)),
    ...changes.form,
  });
}

test.each(['RS384', 'ES384'])('a service with a key for %s gets a token for five minutes at most, and no refresh token', async (alg) => {
  const { status, headers, body } = await ask(alg);
  expect(status, JSON.stringify(body)).toBe(200);
  expect(headers.get('cache-control')).toBe('no-store');
  expect(body).toMatchObject({ token_type: 'Bearer', scope: 'system/Observation.rs' });
  expect(body.expires_in).toBeLessThanOrEqual(300);
  expect(body.refresh_token).toBeUndefined();
  expect(decodeJwt(String(body.access_token))).toMatchObject({ aud: served.fhirBaseUrl, sub: CLIENT_OF[alg], client_id: CLIENT_OF[alg] });
});

test('scopes are cut to the registration', async () => {
  const { body } = await ask('ES384', { form: { scope: 'system/*.cruds' } });
  expect(String(body.scope).split(' ').sort()).toEqual(['system/Observation.rs', 'system/Patient.rs']);
  expect((await ask('ES384', { form: { scope: 'system/Observation.read system/Observation.rs?category=laboratory' } })).body.scope).toBe(
    'system/Observation.read system/Observation.rs?category=laboratory',
  );
});

describe('refused', () => {
  const soon = () => Math.floor(Date.now() / 1000);
  test.each<[string, () => Changes | Promise<Changes>]>([
    ['another issuer', () => ({ claims: { iss: 'another' } })],
    ['another subject', () => ({ claims: { sub: 'another' } })],
    ['another audience', () => ({ claims: { aud: 'https://another.example/token' } })],
    ['no audience', () => ({ claims: { aud: undefined } })],
    ['no end', () => ({ claims: { exp: undefined } })],
    ['an end in the past', () => ({ claims: { exp: soon() - 60 } })],
    ['an end more than five minutes ahead', () => ({ claims: { exp: soon() + 900 } })],
    ['no jti', () => ({ claims: { jti: undefined } })],
    ['an unknown kid', () => ({ header: { kid: 'k2' } })],
    ['no kid', () => ({ header: { kid: undefined } })],
    ['a jku that is not registered', () => ({ header: { jku: 'https://evil.example/jwks' } })],
    ['another type', () => ({ header: { typ: 'at+jwt' } })],
    ['a foreign key', async () => ({ key: (await generateKeyPair('ES384')).privateKey })],
  ])('%s', async (_, changes) => {
    const { status, body } = await ask('ES384', await changes());
    expect([status, body.error]).toEqual([401, 'invalid_client']);
  });

  test.each<[string, Record<string, string>]>([
    ['another assertion type', { client_assertion_type: 'urn:other' }],
    ['another grant', { grant_type: 'password' }],
    ['no scope', { scope: '' }],
    ['only user/ scopes', { scope: 'user/*.rs' }],
    ['only unknown scopes', { scope: 'everything' }],
    ['identity without a person', { scope: 'openid' }],
  ])('%s', async (_, form) => {
    const { status, body } = await ask('ES384', { form });
    expect(status).toBe(400);
    expect(body.error).toEqual(expect.any(String));
  });

  test('alg none, and HMAC with the public key', async () => {
    const [header, payload] = (await assertion('ES384')).split('.');
    const none = Buffer.from(JSON.stringify({ alg: 'none', kid: 'k1' })).toString('base64url');
    expect((await ask('ES384', {}, `${none}.${payload}.`)).status).toBe(401);
    const hmac = Buffer.from(JSON.stringify({ alg: 'HS256', kid: 'k1' })).toString('base64url');
    expect((await ask('ES384', {}, `${hmac}.${payload}.${header}`)).status).toBe(401);
  });
});

describe('an assertion works once', () => {
  test('again later: refused', async () => {
    const signed = await assertion('ES384');
    expect((await ask('ES384', {}, signed)).status).toBe(200);
    expect((await ask('ES384', {}, signed)).body.error).toBe('invalid_client');
  });

  test('twenty at once: one token, in each of ten rounds', async () => {
    for (let round = 0; round < 10; round++) {
      const signed = await assertion('ES384');
      const answers = await Promise.all(Array.from({ length: 20 }, () => ask('ES384', {}, signed)));
      expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
      expect(answers.filter(({ body }) => body.error === 'invalid_client')).toHaveLength(19);
    }
  });
});
