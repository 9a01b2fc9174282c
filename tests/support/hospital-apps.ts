/** An authorization server with a hospital's people and apps, and how these get codes and tokens. */
import { createMemoryAuthorizationStore } from '../../src/store/memory/authorization.ts';
import { authorize, authorizeParameters, pkce, REDIRECT, type ServedAuthorization, serveAuthorization } from './authorization.ts';

export const EVERYTHING = 'openid fhirUser launch/patient offline_access online_access patient/*.cruds user/*.cruds';

interface HospitalApps {
  readonly served: ServedAuthorization;
  /** Of the confidential app "web". */
  readonly secret: string;
  /** A code and what goes with it. */
  getCode(scope: string, client?: string, login?: string): Promise<Code>;
  /** The code's tokens, for the public app "app". */
  exchange(code: string, verifier: string, changes?: Readonly<Record<string, string>>): ReturnType<ServedAuthorization['token']>;
  getTokens(scope: string, login?: string): Promise<Record<string, string>>;
}

interface Code {
  readonly code: string;
  readonly verifier: string;
  readonly visit: Awaited<ReturnType<typeof authorize>>;
}

/** A doctor, "house", a nurse, "ratched", and a patient, "ada"; the apps "app", "other-app" and "web". To be closed: `served`. */
export async function openHospitalApps(): Promise<HospitalApps> {
  const served = await serveAuthorization(createMemoryAuthorizationStore());
  await served.addUser({ login: 'house', role: 'doctor', fhirUser: 'Practitioner/house' });
  await served.addUser({ login: 'ratched', role: 'nurse' });
  await served.addUser({ login: 'ada', role: 'patient', fhirUser: 'Patient/p1' });
  await served.addClient({ id: 'app', kind: 'public', scope: `launch ${EVERYTHING}` });
  await served.addClient({ id: 'other-app', kind: 'public', scope: EVERYTHING });
  const secret = (await served.addClient({ id: 'web', kind: 'secret', scope: EVERYTHING })) ?? '';

  async function getCode(scope: string, client = 'app', login = 'house'): Promise<Code> {
    const { verifier, challenge } = pkce();
    const visit = await authorize(served, authorizeParameters(served, client, scope, challenge), login);
    return { code: visit.sent?.get('code') ?? '', verifier, visit };
  }

  const exchange: HospitalApps['exchange'] = (code, verifier, changes = {}) =>
    served.token({ grant_type: 'authorization_code', client_id: 'app', redirect_uri: REDIRECT, code, code_verifier: verifier, ...changes });

  async function getTokens(scope: string, login = 'house'): Promise<Record<string, string>> {
    const { code, verifier } = await getCode(scope, 'app', login);
    return (await exchange(code, verifier)).body as Record<string, string>;
  }

  return { served, secret, getCode, exchange, getTokens };
}
