/** @see https://hl7.org/fhir/smart-app-launch/STU2.2/token-introspection.html */
import type { JWK } from 'jose';
import { afterAll, describe, expect, test, vi } from 'vitest';
import { openHospitalApps } from '../../tests/support/hospital-apps.ts';
import { fixedKeys } from '../access/keys.ts';
import type { RevokedTokens } from '../access/revoked.ts';
import { createTokenVerifier } from '../access/tokens.ts';
import { createMemoryAuthorizationStore } from '../store/memory/authorization.ts';
import { createRevocations, endAccount, endClient } from './revocations.ts';

// Key pairs and password hashes take their time on a busy machine.
vi.setConfig({ testTimeout: 60_000 });

const { served, getTokens } = await openHospitalApps();
afterAll(() => served.close());

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
