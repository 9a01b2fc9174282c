/**
 * A SMART app in a real browser, and a backend service, from discovery to records.
 * @see https://hl7.org/fhir/smart-app-launch/STU2.2/app-launch.html
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import pg from 'pg';
import { type Browser, chromium } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openLocalIssuer } from '../../src/access/local-key.ts';
import { addAccount } from '../../src/authorization/accounts/accounts.ts';
import { createPasswords } from '../../src/authorization/accounts/passwords.ts';
import { registerClient } from '../../src/authorization/client-registration.ts';
import { endClient } from '../../src/authorization/revocations.ts';
import { loadConfig } from '../../src/config/load.ts';
import { findFreePort } from '../../src/embedded/free-ports.ts';
import { createGateway, type Gateway } from '../../src/gateway.ts';
import { createAuthorizationStore } from '../../src/store/postgres/authorization.ts';
import { findChromium } from '../support/chromium.ts';
import { testDatabases } from '../support/databases.ts';
import { type ServedApp, serveApp } from './app.ts';

interface RecordedEvent {
  readonly subtype?: readonly { readonly display?: string }[];
  readonly outcomeDesc?: string;
  readonly agent: readonly { readonly name?: string }[];
}

const PASSWORD = 'correct horse battery';
const APP_SCOPE = 'openid fhirUser launch/patient online_access patient/*.rs';
const { mongodbUri, databaseUrl } = await testDatabases();
const executablePath = findChromium();
if (!executablePath)
  process.stderr.write('! THE BROWSER TEST IS SKIPPED: there is no Chromium. Install chromium, or set CHROMIUM_BINARY.\n');

let dataDir: string;
let gateway: Gateway;
let base: string;
let app: ServedApp;
let pool: pg.Pool;
const services = new Map<string, Awaited<ReturnType<typeof generateKeyPair>>>();

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'meridian-smart-'));
  app = await serveApp();
  const stores = ['--connect', '--mongodb-uri', mongodbUri, '--database-url', databaseUrl];
  const flags = ['--port', String(await findFreePort()), '--data-dir', dataDir, '--log-level', 'warn', '--cors-origins', app.origin];
  gateway = await createGateway(loadConfig([...flags, '--authorization-server', 'on', ...stores], {}));
  base = (await gateway.listen()).url;
  pool = new pg.Pool({ connectionString: databaseUrl, max: 2 });
  pool.on('error', () => undefined);
  await register();
  await loadRecords();
}, 180_000);

afterAll(async () => {
  await pool?.end();
  await gateway?.close();
  await app?.close();
  await rm(dataDir, { recursive: true, force: true });
}, 30_000);

async function register(): Promise<void> {
  const store = createAuthorizationStore(pool);
  const doctor = { login: 'house', displayName: 'Gregory House', role: 'doctor', fhirUser: 'Practitioner/browser-house' } as const;
  await addAccount(store, createPasswords(), { ...doctor, password: PASSWORD, hasTotp: false });
  const redirectUris = [`${app.origin}/`];
  await store.addClient(registerClient({ id: 'app', name: 'Growth chart', kind: 'public', scope: APP_SCOPE, redirectUris }).client);
  for (const alg of ['RS384', 'ES384']) {
    const pair = await generateKeyPair(alg, { extractable: true });
    services.set(alg, pair);
    const jwks = { keys: [{ ...(await exportJWK(pair.publicKey)), kid: 'k', alg }] };
    await store.addClient(
      registerClient({ id: alg, name: alg, kind: 'service', scope: 'system/Patient.rs', redirectUris: [], jwks }).client,
    );
  }
}

async function loadRecords(): Promise<void> {
  const { sign } = await openLocalIssuer(dataDir);
  const token = await sign({ audience: base, scope: 'system/*.cruds', subject: 'loader', ttlSeconds: 600 });
  const headers = { Authorization: `Bearer ${token}`, 'Content-Type': 'application/fhir+json' };
  const put = async (resource: { resourceType: string; id: string }) => {
    const url = `${base}/${resource.resourceType}/${resource.id}`;
    const { status } = await fetch(url, { method: 'PUT', headers, body: JSON.stringify(resource) });
    expect(status).toBe(201);
  };
  const observation = (id: string, patient: string) => ({
    resourceType: 'Observation',
    id,
    status: 'final',
    code: { text: 'pulse' },
    subject: { reference: `Patient/${patient}` },
  });
  await put({ resourceType: 'Practitioner', id: 'browser-house' });
  for (const [id, family] of [
    ['browser-p1', 'Adams'],
    ['browser-p2', 'Brown'],
  ] as const) {
    await put({ resourceType: 'Patient', id, name: [{ family }], birthDate: '1990-01-01' } as { resourceType: string; id: string });
    await put(observation(`${id}-pulse`, id));
  }
}

describe.skipIf(!executablePath)('an app on fhirclient in Chromium', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await chromium.launch({ executablePath: executablePath as string, args: ['--no-sandbox', '--disable-dev-shm-usage'] });
  }, 120_000);
  afterAll(() => browser?.close(), 30_000);

  test('is launched, gets the patient that the doctor chooses, and sees that patient alone', { timeout: 120_000 }, async () => {
    const page = await browser.newPage();
    page.setDefaultTimeout(60_000);
    await page.goto(`${app.origin}/launch?${new URLSearchParams({ iss: base, client: 'app', scope: APP_SCOPE })}`);
    await page.getByLabel('User name').fill('house');
    await page.getByLabel('Password').fill(PASSWORD);
    await page.getByRole('button', { name: 'Log in' }).click();
    await page.getByLabel('Name or record number').fill('ada');
    await page.getByRole('button', { name: 'Search' }).click();
    await page.getByRole('button', { name: /Adams/ }).click();
    await expect(page.getByRole('heading').first().textContent()).resolves.toContain('Growth chart');
    await page.getByRole('button', { name: 'Allow' }).click();
    const seen = JSON.parse((await page.locator('#seen:not(:empty)').textContent()) ?? '');
    expect(seen).toEqual({
      patient: 'browser-p1',
      name: 'Adams',
      user: 'Practitioner/browser-house',
      patients: ['Patient/browser-p1'],
      observations: ['Observation/browser-p1-pulse'],
      byChain: [],
      included: ['Observation/browser-p1-pulse', 'Patient/browser-p1'],
      everything: ['Observation/browser-p1-pulse', 'Patient/browser-p1'],
      other: 404,
      refreshed: true,
      again: ['Patient/browser-p1'],
    });
    await page.close();
  });
});

type Discovery = Readonly<
  Record<'issuer' | 'jwks_uri' | 'authorization_endpoint' | 'token_endpoint' | 'introspection_endpoint' | 'revocation_endpoint', string> &
    Record<
      | 'grant_types_supported'
      | 'response_types_supported'
      | 'token_endpoint_auth_methods_supported'
      | 'token_endpoint_auth_signing_alg_values_supported'
      | 'code_challenge_methods_supported',
      readonly string[]
    >
>;

describe('discovery', () => {
  test('is open to every origin, without a token, and agrees with itself', async () => {
    const get = async (url: string) => (await (await fetch(url, { headers: { Origin: 'https://x.example' } })).json()) as unknown;
    const response = await fetch(`${base}/.well-known/smart-configuration`, {
      headers: { Origin: 'https://x.example', Accept: 'text/html' },
    });
    expect(response.headers.get('access-control-allow-origin')).toBe('*');
    expect(response.headers.get('content-type')).toBe('application/json');
    const smart = (await response.json()) as Discovery;
    const openid = (await get(`${smart.issuer}/.well-known/openid-configuration`)) as Discovery;
    for (const name of [
      'issuer',
      'jwks_uri',
      'authorization_endpoint',
      'token_endpoint',
      'introspection_endpoint',
      'revocation_endpoint',
    ] as const) {
      expect(openid[name]).toBe(smart[name]);
    }
    for (const name of [
      'grant_types_supported',
      'response_types_supported',
      'token_endpoint_auth_methods_supported',
      'token_endpoint_auth_signing_alg_values_supported',
      'code_challenge_methods_supported',
    ] as const) {
      expect([...openid[name]].sort(), name).toEqual([...smart[name]].sort());
    }
    const { keys } = (await get(smart.jwks_uri)) as { keys: { alg: string }[] };
    expect(keys.map(({ alg }) => alg).sort()).toEqual(['ES256', 'RS256']);
    expect(keys.some((key) => 'd' in key)).toBe(false);
    const { rest } = (await get(`${base}/metadata`)) as { rest: { security: { extension: { extension: Record<string, string>[] }[] } }[] };
    const uris = Object.fromEntries((rest[0]?.security.extension[0]?.extension ?? []).map(({ url, valueUri }) => [url, valueUri]));
    expect(uris).toEqual({
      authorize: smart.authorization_endpoint,
      token: smart.token_endpoint,
      introspect: smart.introspection_endpoint,
      revoke: smart.revocation_endpoint,
    });
  });
});

describe('a backend service', () => {
  const assertionOf = (alg: string, jti: string) => {
    const key = services.get(alg)?.privateKey;
    if (!key) throw new Error(`no key for ${alg}`);
    return new SignJWT({ iss: alg, sub: alg, aud: `${new URL(base).origin}/oauth/token`, jti })
      .setProtectedHeader({ alg, kid: 'k', typ: 'JWT' })
      .setExpirationTime('4 minutes')
      .sign(key);
  };
  const ask = (assertion: string) =>
    fetch(`${new URL(base).origin}/oauth/token`, {
      method: 'POST',
      body: new URLSearchParams({
        grant_type: 'client_credentials',
        scope: 'system/Patient.rs',
        client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
        client_assertion: assertion,
      }),
    });

  test.each(['RS384', 'ES384'])('signs with %s, gets a token and reads what it was granted', async (alg) => {
    const { access_token } = (await (await ask(await assertionOf(alg, 'once'))).json()) as { access_token: string };
    const read = async (path: string) => (await fetch(`${base}/${path}`, { headers: { Authorization: `Bearer ${access_token}` } })).status;
    expect([await read('Patient/browser-p1'), await read('Patient?name=brown'), await read('Observation')]).toEqual([200, 200, 403]);
  });

  test('is refused at once when it revokes its token, and within two seconds when it is removed', async () => {
    const tokenOf = async (jti: string) =>
      ((await (await ask(await assertionOf('RS384', jti))).json()) as { access_token: string }).access_token;
    const statusOf = async (token: string) =>
      (await fetch(`${base}/Patient/browser-p1`, { headers: { Authorization: `Bearer ${token}` } })).status;
    const [revoked, kept] = [await tokenOf('to revoke'), await tokenOf('to keep')];
    expect([await statusOf(revoked), await statusOf(kept)]).toEqual([200, 200]);
    const form = {
      token: revoked,
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      client_assertion: await assertionOf('RS384', 'revoking'),
    };
    const { status } = await fetch(`${new URL(base).origin}/oauth/revoke`, { method: 'POST', body: new URLSearchParams(form) });
    expect([status, await statusOf(revoked), await statusOf(kept)]).toEqual([200, 401, 200]);
    // As `npm run -s client remove` does it, in a process of its own.
    await endClient(createAuthorizationStore(pool), 'RS384', Date.now());
    await expect.poll(() => statusOf(kept), { timeout: 10_000, interval: 200 }).toBe(401);
  });

  test('leaves what the authorization server did on record: tokens, revocations, and patients that were shown', async () => {
    const { sign } = await openLocalIssuer(dataDir);
    const token = await sign({ audience: base, scope: 'system/AuditEvent.rs', subject: 'auditor', ttlSeconds: 600 });
    const answer = await fetch(`${base}/AuditEvent?_count=200&_sort=-date`, { headers: { Authorization: `Bearer ${token}` } });
    const { entry } = (await answer.json()) as { entry: { resource: RecordedEvent }[] };
    const told = entry.map(
      ({ resource: { subtype, outcomeDesc, agent } }) => `${subtype?.[0]?.display} by ${agent[0]?.name}: ${outcomeDesc}`,
    );
    expect(told.some((text) => /^Get Access Token by RS384: HTTP 200; client_credentials: system/.test(text))).toBe(true);
    expect(told).toContain('Revocation of a token by RS384: HTTP 200');
    if (!executablePath) return;
    expect(told.some((text) => /^Authorization by a person by app: HTTP 200; .*patient/.test(text))).toBe(true);
    expect(told.some((text) => /^Get Access Token by app: HTTP 200; refresh_token/.test(text))).toBe(true);
    const shown = entry.filter(({ resource }) => resource.agent[0]?.name === 'authorization-server');
    expect(JSON.stringify(shown)).toContain('"Patient/browser-p1"');
  });

  test('sends one assertion twenty times at once: one token, in each of five rounds', async () => {
    for (let round = 0; round < 5; round++) {
      const assertion = await assertionOf('ES384', `round ${round}`);
      const answers = await Promise.all(Array.from({ length: 20 }, () => ask(assertion)));
      expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    }
  });
});
