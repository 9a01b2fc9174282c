/** @see https://hl7.org/fhir/smart-app-launch/STU2.2/app-launch.html */
import { decodeJwt, decodeProtectedHeader, type JWK } from 'jose';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import {
  authorize,
  authorizeParameters,
  createBrowser,
  offeredScopes,
  PASSWORD,
  pkce,
  REDIRECT,
  type ServedAuthorization,
  serveAuthorization,
} from '../../tests/support/authorization.ts';
import { fixedKeys } from '../access/keys.ts';
import type { RevokedTokens } from '../access/revoked.ts';
import { createTokenVerifier } from '../access/tokens.ts';
import { unavailable } from '../model/error.ts';
import { createMemoryAuthorizationStore } from '../store/memory/authorization.ts';
import { createRevocations, endAccount, endClient } from './revocations.ts';
import type { AuthorizationEvent } from './settings.ts';

const EVERYTHING = 'openid fhirUser launch/patient offline_access online_access patient/*.cruds user/*.cruds';
// Key pairs and password hashes take their time on a busy machine.
vi.setConfig({ testTimeout: 60_000 });

let served: ServedAuthorization;
let secret: string | undefined;

beforeAll(async () => {
  served = await serveAuthorization(createMemoryAuthorizationStore());
  await served.addUser({ login: 'house', role: 'doctor', fhirUser: 'Practitioner/house' });
  await served.addUser({ login: 'ratched', role: 'nurse' });
  await served.addUser({ login: 'ada', role: 'patient', fhirUser: 'Patient/p1' });
  await served.addClient({ id: 'app', kind: 'public', scope: `launch ${EVERYTHING}` });
  await served.addClient({ id: 'other-app', kind: 'public', scope: EVERYTHING });
  secret = await served.addClient({ id: 'web', kind: 'secret', scope: EVERYTHING });
}, 120_000);
afterAll(() => served?.close());

/** A code and what goes with it. */
async function getCode(scope: string, client = 'app', login = 'house') {
  const { verifier, challenge } = pkce();
  const visit = await authorize(served, authorizeParameters(served, client, scope, challenge), login);
  return { code: visit.sent?.get('code') ?? '', verifier, visit };
}

const exchange = (code: string, verifier: string, changes: Record<string, string> = {}) =>
  served.token({ grant_type: 'authorization_code', client_id: 'app', redirect_uri: REDIRECT, code, code_verifier: verifier, ...changes });

async function getTokens(scope: string, login = 'house') {
  const { code, verifier } = await getCode(scope, 'app', login);
  return (await exchange(code, verifier)).body as Record<string, string>;
}

describe('standalone launch', () => {
  test('log in, choose a patient, consent: a code, then tokens with the context', async () => {
    const { code, verifier, visit } = await getCode('openid fhirUser launch/patient patient/Observation.rs offline_access');
    expect(visit.url.startsWith(REDIRECT)).toBe(true);
    expect(visit.sent?.get('state')).toBe('a state');
    const { status, headers, body } = await exchange(code, verifier);
    expect(status, JSON.stringify(body)).toBe(200);
    expect([headers.get('cache-control'), headers.get('pragma')]).toEqual(['no-store', 'no-cache']);
    expect(body).toMatchObject({ token_type: 'Bearer', expires_in: 900, patient: 'p1', need_patient_banner: true });
    expect(String(body.scope).split(' ').sort()).toEqual([
      'fhirUser',
      'launch/patient',
      'offline_access',
      'openid',
      'patient/Observation.rs',
    ]);
    const claims = decodeJwt(String(body.access_token));
    expect(claims).toMatchObject({
      iss: served.origin,
      aud: served.fhirBaseUrl,
      client_id: 'app',
      patient: 'p1',
      scope: 'launch/patient patient/Observation.rs',
    });
    expect(claims.fhirUser).toBe(`${served.fhirBaseUrl}/Practitioner/house`);
    expect(decodeProtectedHeader(String(body.access_token))).toMatchObject({ alg: 'ES256', typ: 'at+jwt' });
    expect(decodeProtectedHeader(String(body.id_token)).alg).toBe('RS256');
    expect(decodeJwt(String(body.id_token))).toMatchObject({ aud: 'app', sub: claims.sub, fhirUser: claims.fhirUser });
    expect((await fetch(String(body.smart_style_url))).headers.get('content-type')).toContain('json');
  });

  test('the request may be posted', async () => {
    const { verifier, challenge } = pkce();
    const browser = createBrowser(served.origin);
    const parameters = authorizeParameters(served, 'app', 'user/Patient.rs', challenge);
    const login = await browser.go(served.server.endpoints.authorization, parameters);
    const consent = await browser.submit(login, { login: 'house', password: PASSWORD });
    const back = await browser.submit(consent, { scope: 'user/Patient.rs', action: 'allow' });
    expect((await exchange(back.sent?.get('code') ?? '', verifier)).body.scope).toBe('user/Patient.rs');
  });

  test('a confidential app authenticates with Basic, and not without', async () => {
    const { code, verifier } = await getCode('patient/Patient.r', 'web');
    const form = { grant_type: 'authorization_code', redirect_uri: REDIRECT, code, code_verifier: verifier };
    const basic = (password: string) => ({ Authorization: `Basic ${Buffer.from(`web:${password}`).toString('base64')}` });
    expect((await served.token({ ...form, client_id: 'web' })).status).toBe(401);
    expect((await served.token(form, basic('wrong'))).body.error).toBe('invalid_client');
    expect((await served.token(form, basic(secret ?? ''))).body).toMatchObject({ patient: 'p1' });
  });

  test('pages carry no script, may not be framed, and are kept by nobody', async () => {
    const visit = await createBrowser(served.origin).go(
      `${served.server.endpoints.authorization}?${authorizeParameters(served, 'app', 'patient/*.rs', pkce().challenge)}`,
    );
    const policy = visit.headers.get('content-security-policy');
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).toContain("form-action 'self' https://app.example");
    expect(visit.headers.get('cache-control')).toBe('no-store');
    // With `no-referrer` browsers send our own forms as `Origin: null`, which is another site.
    expect(visit.headers.get('referrer-policy')).toBe('same-origin');
    expect(visit.text).not.toMatch(/<script|style=|onclick/);
    expect(visit.text).toContain('<html lang="en">');
  });
});

describe('what is granted', () => {
  test('only what was left ticked', async () => {
    const { verifier, challenge } = pkce();
    const parameters = authorizeParameters(served, 'app', 'patient/Observation.rs patient/Condition.rs', challenge);
    const visit = await authorize(served, parameters, 'house', { keep: (scope) => !scope.includes('Condition') });
    expect((await exchange(visit.sent?.get('code') ?? '', verifier)).body.scope).toBe('patient/Observation.rs');
  });

  test('no scope that was not offered can be slipped into the form', async () => {
    const { verifier, challenge } = pkce();
    const browser = createBrowser(served.origin);
    const start = await browser.go(
      `${served.server.endpoints.authorization}?${authorizeParameters(served, 'app', 'user/Observation.rs', challenge)}`,
    );
    const consent = await browser.submit(start, { login: 'house', password: PASSWORD });
    expect(offeredScopes(consent)).toEqual(['user/Observation.rs']);
    const back = await browser.submit(consent, [
      ['scope', 'user/*.cruds'],
      ['scope', 'user/Observation.rs'],
      ['scope', 'system/*.cruds'],
    ]);
    expect((await exchange(back.sent?.get('code') ?? '', verifier)).body.scope).toBe('user/Observation.rs');
  });

  test.each([
    ['house', 'user/*.cruds', 'user/*.cruds'],
    ['house', 'user/*.read', 'user/*.read'],
    ['house', 'system/*.rs user/Patient.rs', 'user/Patient.rs'],
    ['ratched', 'user/Observation.cruds user/Claim.cruds', 'user/Observation.crus user/Claim.rs'],
    ['ada', 'launch/patient patient/*.cruds user/*.rs', 'launch/patient patient/*.rs'],
  ])('%s asked for %s may grant %s', async (login, asked, granted) => {
    const scope = String((await getTokens(asked, login)).scope).split(' ');
    expect(scope).toEqual(expect.arrayContaining(granted.split(' ')));
    expect(scope.every((each) => !each.startsWith('system/') && (login === 'house' || !/^user\/\*\.cruds/.test(each)))).toBe(true);
  });

  test('a patient gets the own record, whatever the form says', async () => {
    const { verifier, challenge } = pkce();
    const visit = await authorize(served, authorizeParameters(served, 'app', 'launch/patient patient/*.rs', challenge), 'ada', {
      patient: 'p2',
    });
    expect((await exchange(visit.sent?.get('code') ?? '', verifier)).body.patient).toBe('p1');
  });

  test('a nurse opens no record without a launch from the hospital’s system', async () => {
    const { visit } = await getCode('launch/patient patient/*.rs', 'app', 'ratched');
    expect(visit.sent?.get('error')).toBe('access_denied');
    expect(visit.sent?.get('code')).toBeNull();
  });
});

describe('launch from the hospital’s system', () => {
  const launchScope = 'launch patient/Observation.rs launch/encounter';

  test('gives patient and encounter to a nurse, once', async () => {
    const { launch } = await served.server.launches.create({ patient: 'p2', encounter: 'e1', needPatientBanner: false });
    const { verifier, challenge } = pkce();
    const parameters = authorizeParameters(served, 'app', launchScope, challenge, { launch });
    const visit = await authorize(served, parameters, 'ratched');
    const { body } = await exchange(visit.sent?.get('code') ?? '', verifier);
    expect(body).toMatchObject({ patient: 'p2', encounter: 'e1', need_patient_banner: false });
    expect((await authorize(served, parameters, 'ratched')).sent?.get('error')).toBe('invalid_request');
  });

  test.each([
    ['none', undefined],
    ['an unknown one', 'unknown'],
  ])('needs the parameter launch: %s', async (_, launch) => {
    const visit = await authorize(served, authorizeParameters(served, 'app', launchScope, pkce().challenge, { launch }), 'house');
    expect(visit.sent?.get('error')).toBe('invalid_request');
  });

  test('is bound to the app that it names', async () => {
    const { launch } = await served.server.launches.create({ patient: 'p2', client: 'other-app' });
    const visit = await authorize(served, authorizeParameters(served, 'app', launchScope, pkce().challenge, { launch }), 'house');
    expect(visit.sent?.get('error')).toBe('invalid_request');
  });

  test('does not open another’s record to a patient', async () => {
    const { launch } = await served.server.launches.create({ patient: 'p2' });
    const visit = await authorize(served, authorizeParameters(served, 'app', launchScope, pkce().challenge, { launch }), 'ada');
    expect(visit.sent?.get('error')).toBe('access_denied');
  });
});

describe('attacks on the request', () => {
  const attempt = (changes: Record<string, string | undefined>) =>
    createBrowser(served.origin).go(
      `${served.server.endpoints.authorization}?${authorizeParameters(served, 'app', 'patient/*.rs', pkce().challenge, changes)}`,
    );

  test.each([
    ['no PKCE', { code_challenge: undefined, code_challenge_method: undefined }],
    ['PKCE with plain', { code_challenge_method: 'plain' }],
    ['no method, which means plain', { code_challenge_method: undefined }],
    ['no aud', { aud: undefined }],
    ['another aud', { aud: 'https://evil.example/fhir' }],
    ['an aud that begins like ours', { aud: 'http://127.0.0.1/fhir/R4.evil.example' }],
    ['an implicit flow', { response_type: 'token' }],
    ['only scopes that the client may not have', { scope: 'system/*.cruds' }],
  ])('%s: an error, no code', async (_, changes) => {
    const { sent } = await attempt(changes);
    expect(sent?.get('error')).toBeTruthy();
    expect(sent?.get('code')).toBeNull();
  });

  test.each([
    'https://app.example/callback/',
    'https://app.example/callback?x=1',
    'https://app.example/callback#x',
    'https://app.example/Callback',
    'https://app.example/callback/../evil',
    'https://app.example:8443/callback',
    'https://app.example.evil.example/callback',
    'https://app.example@evil.example/callback',
    'http://app.example/callback',
    '//app.example/callback',
    'javascript:alert(1)',
  ])('redirect to %s: a page, no redirect', async (redirect_uri) => {
    const visit = await attempt({ redirect_uri });
    expect(visit.sent).toBeUndefined();
    expect(visit.status).toBe(400);
    expect(visit.text).toContain('role="alert"');
  });

  test('an unknown client: a page, no redirect', async () => {
    const visit = await attempt({ client_id: 'nobody' });
    expect([visit.status, visit.sent]).toEqual([400, undefined]);
  });

  test('a host header does not change the addresses', async () => {
    const response = await fetch(`${served.origin}/.well-known/openid-configuration`, { headers: { 'X-Forwarded-Host': 'evil.example' } });
    expect(JSON.stringify(await response.json())).not.toContain('evil');
  });

  test('a form from another site is refused', async () => {
    const visit = await attempt({});
    const cookie = visit.headers
      .getSetCookie()
      .map((line) => line.split(';')[0])
      .join('; ');
    const posted = await fetch(visit.url, {
      method: 'POST',
      headers: { Origin: 'https://evil.example', Cookie: cookie },
      body: new URLSearchParams({ action: 'cancel' }),
    });
    expect(posted.status).toBe(400);
  });
});

describe('attacks on the code', () => {
  test.each([
    ['no verifier', { code_verifier: '' }],
    ['another verifier', { code_verifier: 'x'.repeat(43) }],
    ['another redirect address', { redirect_uri: 'https://app.example/other' }],
    ['another client', { client_id: 'other-app' }],
  ])('%s: 4xx, no token', async (_, changes) => {
    const { code, verifier } = await getCode('patient/*.rs');
    const { status, body } = await exchange(code, verifier, changes as unknown as Record<string, string>);
    expect([400, 401]).toContain(status);
    expect(body.access_token).toBeUndefined();
  });

  test('the challenge is not the verifier', async () => {
    const { verifier, challenge } = pkce();
    const visit = await authorize(served, authorizeParameters(served, 'app', 'patient/*.rs', challenge), 'house');
    expect((await exchange(visit.sent?.get('code') ?? '', challenge)).status).toBe(400);
    expect(verifier).not.toBe(challenge);
  });

  test('replayed, it also ends what it gave', async () => {
    const { code, verifier } = await getCode('patient/*.rs offline_access');
    const { body } = await exchange(code, verifier);
    expect((await exchange(code, verifier)).body.error).toBe('invalid_grant');
    const refreshed = await served.token({ grant_type: 'refresh_token', client_id: 'app', refresh_token: String(body.refresh_token) });
    expect(refreshed.body.error).toBe('invalid_grant');
  });

  test('sent ten times at once, it gives one token at most', async () => {
    const { code, verifier } = await getCode('patient/*.rs');
    const answers = await Promise.all(Array.from({ length: 10 }, () => exchange(code, verifier)));
    expect(answers.filter(({ status }) => status === 200).length).toBeLessThanOrEqual(1);
  });
});

describe('refresh', () => {
  const refresh = (refresh_token: string, more: Record<string, string> = {}) =>
    served.token({ grant_type: 'refresh_token', client_id: 'app', refresh_token, ...more });

  test('gives new tokens with the same context, again and again', async () => {
    let tokens = await getTokens('openid launch/patient patient/*.rs offline_access');
    for (let turn = 0; turn < 3; turn++) {
      const { status, body, headers } = await refresh(tokens.refresh_token ?? '');
      expect(status, JSON.stringify(body)).toBe(200);
      expect(headers.get('cache-control')).toBe('no-store');
      expect(body).toMatchObject({ patient: 'p1', scope: tokens.scope });
      expect(body.refresh_token).not.toBe(tokens.refresh_token);
      tokens = body as Record<string, string>;
    }
  });

  test('by a public app works without client_id; by a confidential one only with its secret', async () => {
    const { refresh_token = '' } = await getTokens('patient/*.rs offline_access');
    expect((await served.token({ grant_type: 'refresh_token', refresh_token })).status).toBe(200);
    const { code, verifier } = await getCode('patient/*.rs offline_access', 'web');
    const Authorization = `Basic ${Buffer.from(`web:${secret}`).toString('base64')}`;
    const { body } = await served.token(
      { grant_type: 'authorization_code', redirect_uri: REDIRECT, code, code_verifier: verifier },
      { Authorization },
    );
    expect((await served.token({ grant_type: 'refresh_token', refresh_token: String(body.refresh_token) })).status).toBe(401);
  });

  test('with online_access works while the person is logged in', async () => {
    const { code, verifier } = await getCode('patient/*.rs online_access');
    const { body } = await exchange(code, verifier);
    const again = await refresh(String(body.refresh_token));
    expect(again.status, JSON.stringify(again.body)).toBe(200);
  });

  test('used twice, it ends the grant', async () => {
    const { refresh_token = '' } = await getTokens('patient/*.rs offline_access');
    const { body } = await refresh(refresh_token);
    expect((await refresh(refresh_token)).body.error).toBe('invalid_grant');
    expect((await refresh(String(body.refresh_token))).body.error).toBe('invalid_grant');
  });

  test('used ten times at once, it gives one token at most', async () => {
    const { refresh_token = '' } = await getTokens('patient/*.rs offline_access');
    const answers = await Promise.all(Array.from({ length: 10 }, () => refresh(refresh_token)));
    expect(answers.filter(({ status }) => status === 200).length).toBeLessThanOrEqual(1);
  });

  test('may ask for less, never for more', async () => {
    const { refresh_token = '' } = await getTokens('patient/Observation.rs patient/Condition.rs offline_access');
    const less = await refresh(refresh_token, { scope: 'patient/Condition.rs' });
    expect(less.body.scope).toBe('patient/Condition.rs');
    const more = await refresh(String(less.body.refresh_token), { scope: 'patient/*.cruds' });
    expect(more.body.error).toBe('invalid_scope');
  });

  test('is not given without being asked for, and ends when the account is disabled', async () => {
    expect((await getTokens('patient/*.rs')).refresh_token).toBeUndefined();
    await served.addUser({ login: 'temp', role: 'doctor' });
    const { refresh_token = '' } = await getTokens('patient/*.rs offline_access', 'temp');
    await endAccount(served.store, 'temp', Date.now());
    expect((await refresh(refresh_token)).body.error).toBe('invalid_grant');
  });
});

describe('what goes on record', () => {
  const told = (from: number) =>
    served.events
      .slice(from)
      .map(({ kind, user, client, patient, detail }) => [kind, user, client, patient, detail].filter(Boolean).join(' '));

  test('log-in, consent, each token, each renewal, each refusal and each end', async () => {
    const from = served.events.length;
    const { refresh_token = '' } = await getTokens('launch/patient patient/*.rs offline_access');
    const { body } = await served.token({ grant_type: 'refresh_token', client_id: 'app', refresh_token });
    await served.token({ grant_type: 'authorization_code', client_id: 'app', code: 'nothing', redirect_uri: REDIRECT });
    await served.token({ grant_type: 'client_credentials', client_id: 'nobody' });
    await fetch(served.server.endpoints.revocation, {
      method: 'POST',
      body: new URLSearchParams({ client_id: 'app', token: String(body.refresh_token) }),
    });
    expect(told(from)).toEqual([
      'login house app',
      expect.stringMatching(/^grant house app p1 .*patient\/\*\.rs/),
      expect.stringMatching(/^token house app p1 authorization_code: .*patient\/\*\.rs/),
      expect.stringMatching(/^token house app p1 refresh_token: .*patient\/\*\.rs/),
      'token-refused app authorization_code: invalid_grant',
      expect.stringMatching(/^token-refused nobody client_credentials: invalid_client/),
      'revoked app',
    ]);
    expect(served.events.slice(from).every(({ address }) => /127\.0\.0\.1$/.test(address ?? ''))).toBe(true);
    expect(JSON.stringify(served.events)).not.toContain(refresh_token);
  });

  test('a token that can not be put on record is not given', async () => {
    const report = ({ kind }: AuthorizationEvent) => {
      if (kind === 'token') throw unavailable('no record, no answer');
    };
    const unheard = await serveAuthorization(createMemoryAuthorizationStore(), Date.now, { report });
    await unheard.addUser({ login: 'house', role: 'doctor' });
    await unheard.addClient({ id: 'app', kind: 'public', scope: `launch ${EVERYTHING}` });
    const { verifier, challenge } = pkce();
    const visit = await authorize(unheard, authorizeParameters(unheard, 'app', 'patient/*.rs', challenge), 'house');
    const code = visit.sent?.get('code') ?? '';
    const form = { grant_type: 'authorization_code', client_id: 'app', code, code_verifier: verifier, redirect_uri: REDIRECT };
    const answer = await fetch(unheard.server.endpoints.token, { method: 'POST', body: new URLSearchParams(form) });
    expect(answer.status).toBe(503);
    expect(await answer.text()).not.toContain('access_token');
    await unheard.close();
  });
});

describe('introspection and revocation', () => {
  const post = async (url: string, token: string, form: Record<string, string> = { client_id: 'app' }) =>
    fetch(url, { method: 'POST', body: new URLSearchParams({ ...form, token }) });
  const introspect = async (token: string) =>
    (await post(served.server.endpoints.introspection, token)).json() as Promise<Record<string, unknown>>;

  test('tell a token’s scope, client, end, context and user', async () => {
    const { access_token = '', refresh_token = '' } = await getTokens('openid fhirUser launch/patient patient/*.rs offline_access');
    const told = await introspect(access_token);
    expect(told).toMatchObject({ active: true, client_id: 'app', patient: 'p1', iss: served.origin });
    expect(told.exp).toEqual(expect.any(Number));
    expect(String(told.fhirUser)).toContain('Practitioner/house');
    expect(await introspect(refresh_token)).toMatchObject({ active: true, client_id: 'app' });
    expect(await introspect('nothing')).toEqual({ active: false });
    expect(await introspect(`${access_token.slice(0, -4)}AAAA`)).toEqual({ active: false });
  });

  test('a revoked access token is not active; a revoked refresh token ends the grant', async () => {
    const { access_token = '', refresh_token = '' } = await getTokens('patient/*.rs offline_access');
    const another = await getTokens('patient/*.rs offline_access');
    expect((await post(served.server.endpoints.revocation, access_token)).status).toBe(200);
    expect(await introspect(access_token)).toEqual({ active: false });
    expect((await post(served.server.endpoints.revocation, refresh_token)).status).toBe(200);
    const refreshed = await served.token({ grant_type: 'refresh_token', client_id: 'app', refresh_token });
    expect(refreshed.body.error).toBe('invalid_grant');
    expect((await post(served.server.endpoints.revocation, another.refresh_token ?? '')).status).toBe(200);
    expect(await introspect(another.access_token ?? '')).toEqual({ active: false });
  });

  describe('end what the FHIR server takes', () => {
    const verifierOf = async (revoked: RevokedTokens) => {
      const { keys } = (await (await fetch(served.server.endpoints.jwks)).json()) as { keys: JWK[] };
      const rules = { issuer: served.origin, audience: served.fhirBaseUrl, isResourceType: () => true };
      return createTokenVerifier({ ...rules, keys: fixedKeys({ keys }), revoked });
    };
    /** Two gateways that both have verified the tokens. */
    async function twoGateways(...tokens: readonly string[]) {
      const elsewhere = createRevocations(served.store, Date.now);
      const [here, there] = [await verifierOf(served.revocations), await verifierOf(elsewhere)];
      for (const token of tokens) for (const verifier of [here, there]) await verifier.verify(token);
      return { here, there, elsewhere };
    }
    const refused = { status: 401 };

    test('a revoked access token: at once here, elsewhere with the next look; others go on', async () => {
      const [ended, other] = [await getTokens('patient/*.rs'), await getTokens('patient/*.rs')];
      const [token = '', living = ''] = [ended.access_token, other.access_token];
      const { here, there, elsewhere } = await twoGateways(token, living);
      await post(served.server.endpoints.revocation, token);
      await expect(here.verify(token)).rejects.toMatchObject(refused);
      expect((await there.verify(token)).client).toBe('app');
      await elsewhere.refresh();
      await expect(there.verify(token)).rejects.toMatchObject(refused);
      await expect(here.verify(token)).rejects.toMatchObject(refused);
      for (const verifier of [here, there]) expect((await verifier.verify(living)).client).toBe('app');
      await expect((await verifierOf(elsewhere)).verify(token)).rejects.toMatchObject(refused);
    });

    test('the access tokens of a refresh token that is revoked, or used twice', async () => {
      for (const end of [
        (refreshToken: string) => post(served.server.endpoints.revocation, refreshToken),
        async (refreshToken: string) => {
          for (let i = 0; i < 2; i++) await served.token({ grant_type: 'refresh_token', client_id: 'app', refresh_token: refreshToken });
        },
      ]) {
        const { access_token: token = '', refresh_token = '' } = await getTokens('patient/*.rs offline_access');
        const { here } = await twoGateways(token);
        await end(refresh_token);
        await expect(here.verify(token)).rejects.toMatchObject(refused);
      }
    });

    test('the tokens of an account that is disabled and of a client that is removed, not those that come later', async () => {
      await served.addUser({ login: 'leaving', role: 'doctor' });
      await served.addClient({ id: 'gone', kind: 'public', scope: 'patient/*.rs' });
      const { access_token: token = '' } = await getTokens('patient/*.rs', 'leaving');
      const { here, there, elsewhere } = await twoGateways(token);
      await endAccount(served.store, 'leaving', Date.now());
      await Promise.all([served.revocations.refresh(), elsewhere.refresh()]);
      for (const verifier of [here, there]) await expect(verifier.verify(token)).rejects.toMatchObject(refused);
      const client = { subject: 'gone', client: 'gone' };
      expect(served.revocations.isRevoked({ ...client, issuedAt: Date.now() })).toBe(false);
      await endClient(served.store, 'gone', Date.now());
      await served.revocations.refresh();
      expect(served.revocations.isRevoked({ ...client, issuedAt: Date.now() - 1_000 })).toBe(true);
      expect(served.revocations.isRevoked({ ...client, issuedAt: Date.now() + 1_000 })).toBe(false);
    });

    test('the list forgets what has expired', async () => {
      let at = Date.now();
      const revocations = createRevocations(
        createMemoryAuthorizationStore(() => at),
        () => at,
      );
      await revocations.revoke('grant', 'g');
      const token = { grant: 'g', subject: 's', client: 'c', issuedAt: at - 1 };
      expect(revocations.isRevoked(token)).toBe(true);
      const before = revocations.revision();
      at += 20 * 60_000;
      await revocations.refresh();
      expect(revocations.isRevoked(token)).toBe(false);
      expect(revocations.revision()).toBe(before);
    });
  });

  test('a public app learns nothing of another’s tokens', async () => {
    const { access_token = '' } = await getTokens('patient/*.rs');
    const answer = await post(served.server.endpoints.introspection, access_token, { client_id: 'other-app' });
    expect(await answer.json()).toEqual({ active: false });
  });
});
