/** @see https://hl7.org/fhir/smart-app-launch/STU2.2/app-launch.html#refresh-access-token */
import { afterAll, describe, expect, test, vi } from 'vitest';
import { REDIRECT } from '../../tests/support/authorization.ts';
import { openHospitalApps } from '../../tests/support/hospital-apps.ts';
import { endAccount } from './revocations.ts';

// Key pairs and password hashes take their time on a busy machine.
vi.setConfig({ testTimeout: 60_000 });

const { served, secret, getCode, exchange, getTokens } = await openHospitalApps();
afterAll(() => served.close());

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

  test('with online_access ends with the log-in, when that has not been used for 15 minutes', async () => {
    const { code, verifier } = await getCode('patient/*.rs online_access');
    const { body } = await exchange(code, verifier);
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 14 * 60_000 });
    try {
      const { status, body: inTime } = await refresh(String(body.refresh_token));
      expect(status).toBe(200);
      vi.setSystemTime(Date.now() + 15 * 60_000 + 1_000);
      expect(await refresh(String(inTime.refresh_token))).toMatchObject({ status: 400, body: { error: 'invalid_grant' } });
    } finally {
      vi.useRealTimers();
    }
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
