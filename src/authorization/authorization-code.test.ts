/** @see https://hl7.org/fhir/smart-app-launch/STU2.2/app-launch.html */
import { decodeJwt, decodeProtectedHeader } from 'jose';
import { afterAll, describe, expect, test, vi } from 'vitest';
import {
  authorize,
  authorizeParameters,
  createBrowser,
  offeredScopes,
  PASSWORD,
  pkce,
  REDIRECT,
} from '../../tests/support/authorization.ts';
import { openHospitalApps } from '../../tests/support/hospital-apps.ts';

// Key pairs and password hashes take their time on a busy machine.
vi.setConfig({ testTimeout: 60_000 });

const { served, secret, getCode, exchange, getTokens } = await openHospitalApps();
afterAll(() => served.close());

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
    expect((await served.token(form, basic(secret))).body).toMatchObject({ patient: 'p1' });
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
