/** What the authorization server puts on record. */
import { afterAll, describe, expect, test, vi } from 'vitest';
import { authorize, authorizeParameters, pkce, REDIRECT, serveAuthorization } from '../../tests/support/authorization.ts';
import { EVERYTHING, openHospitalApps } from '../../tests/support/hospital-apps.ts';
import { unavailable } from '../model/error.ts';
import { createMemoryAuthorizationStore } from '../store/memory/authorization.ts';
import type { AuthorizationEvent } from './settings.ts';

// Key pairs and password hashes take their time on a busy machine.
vi.setConfig({ testTimeout: 60_000 });

const { served, getTokens } = await openHospitalApps();
afterAll(() => served.close());

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
