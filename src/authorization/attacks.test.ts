/** Attacks on the authorization code flow. @see https://hl7.org/fhir/smart-app-launch/STU2.2/best-practices.html */
import { afterAll, describe, expect, test, vi } from 'vitest';
import { authorize, authorizeParameters, createBrowser, pkce } from '../../tests/support/authorization.ts';
import { openHospitalApps } from '../../tests/support/hospital-apps.ts';

// Key pairs and password hashes take their time on a busy machine.
vi.setConfig({ testTimeout: 60_000 });

const { served, getCode, exchange } = await openHospitalApps();
afterAll(() => served.close());

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
