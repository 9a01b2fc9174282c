/**
 * People and an app to try things with. They have well-known passwords, so they exist only where nobody but this machine
 * can reach the gateway; started in any other way, it removes them.
 */
import type { AuthorizationStore } from '../store/authorization.ts';
import { addAccount } from './accounts/accounts.ts';
import { createPasswords } from './accounts/passwords.ts';
import { registerClient } from './client-registration.ts';

/** Of every demo account. */
export const DEMO_PASSWORD = 'demo-password';

const DEMO_PATIENT = 'demo-patient';
const DEMO_DOCTOR = 'demo-doctor';
const DEMO_NURSE = 'demo-nurse';
const DEMO_CLIENT = 'demo-app';

export const DEMO_LOGINS = [DEMO_DOCTOR, DEMO_NURSE, DEMO_PATIENT];

const ACCOUNTS = [
  { login: DEMO_DOCTOR, displayName: 'Dr. Demo', role: 'doctor', fhirUser: `Practitioner/${DEMO_DOCTOR}` },
  { login: DEMO_NURSE, displayName: 'Nurse Demo', role: 'nurse', fhirUser: `Practitioner/${DEMO_NURSE}` },
  { login: DEMO_PATIENT, displayName: 'Pat Demo', role: 'patient', fhirUser: `Patient/${DEMO_PATIENT}` },
] as const;

/** The records that the accounts stand for, so that `fhirUser` leads somewhere. */
export const DEMO_RESOURCES: readonly { readonly resourceType: string; readonly id: string; readonly [element: string]: unknown }[] = [
  { resourceType: 'Practitioner', id: DEMO_DOCTOR, name: [{ family: 'Demo', given: ['Dora'], prefix: ['Dr.'] }] },
  { resourceType: 'Practitioner', id: DEMO_NURSE, name: [{ family: 'Demo', given: ['Nora'] }] },
  { resourceType: 'Patient', id: DEMO_PATIENT, name: [{ family: 'Demo', given: ['Pat'] }], birthDate: '1980-01-01' },
];

const SCOPE = 'openid fhirUser profile launch launch/patient launch/encounter offline_access online_access patient/*.cruds user/*.cruds';

/** Makes what is missing. */
export async function addDemo(store: AuthorizationStore): Promise<void> {
  const known = new Set((await store.accounts()).map(({ login }) => login));
  const passwords = createPasswords();
  for (const account of ACCOUNTS) {
    if (!known.has(account.login))
      await addAccount(store, passwords, { ...account, password: DEMO_PASSWORD, hasTotp: false, isDemo: true });
  }
  const redirectUris = ['http://127.0.0.1:3000/', 'http://localhost:3000/'];
  const { client } = registerClient({ id: DEMO_CLIENT, name: 'Demo app', kind: 'public', scope: SCOPE, redirectUris, isDemo: true });
  await store.addClient(client);
}
