/** People: making accounts, and checking who logs in. */
import { randomUUID } from 'node:crypto';
import { Secret, TOTP } from 'otpauth';
import type { Account, AuthorizationStore, Role } from '../../store/authorization.ts';
import { type Passwords, SHORTEST_PASSWORD } from './passwords.ts';

/** After so many failures an account is locked. */
const MOST_FAILURES = 5;
const LOCKED_MS = 15 * 60_000;
const TOTP_STEP_MS = 30_000;

export interface NewAccount {
  readonly login: string;
  readonly displayName: string;
  readonly role: Role;
  /** "Practitioner/123"; for a patient "Patient/123", and then required. */
  readonly fhirUser?: string;
  readonly password: string;
  /** Ask for a code of an authenticator app; admins must have one. */
  readonly hasTotp: boolean;
  readonly isDemo?: boolean;
}

/** An account can't be made as asked. */
export class AccountError extends Error {}

/** Makes an account. Gives the `otpauth:` address for the authenticator app, if there is one. @throws AccountError */
export async function addAccount(store: AuthorizationStore, passwords: Passwords, wanted: NewAccount): Promise<{ totpUri?: string }> {
  checkAccount(wanted);
  const secret = wanted.hasTotp ? new Secret({ size: 20 }) : undefined;
  const account: Account = {
    id: randomUUID(),
    login: wanted.login.toLowerCase(),
    displayName: wanted.displayName,
    role: wanted.role,
    ...(wanted.fhirUser && { fhirUser: wanted.fhirUser }),
    passwordHash: await passwords.hash(wanted.password),
    ...(secret && { totpSecret: secret.base32 }),
    totpLastStep: 0,
    failures: 0,
    isDisabled: false,
    isDemo: wanted.isDemo ?? false,
  };
  if (!(await store.addAccount(account))) throw new AccountError(`There is an account "${account.login}" already.`);
  return secret ? { totpUri: totpOf(secret.base32, account.login).toString() } : {};
}

function checkAccount({ login, role, fhirUser, password, hasTotp, displayName }: NewAccount): void {
  if (!/^[a-z0-9][a-z0-9._@-]{1,63}$/i.test(login)) throw new AccountError('A login has 2 to 64 letters, digits or . _ @ -');
  if (displayName.trim() === '' || displayName.length > 200) throw new AccountError('A name has 1 to 200 characters.');
  if (password.length < SHORTEST_PASSWORD || password.length > 256) {
    throw new AccountError(`A password has ${SHORTEST_PASSWORD} to 256 characters.`);
  }
  if (role === 'admin' && !hasTotp) throw new AccountError('An admin needs an authenticator app (TOTP).');
  if (role === 'patient' && !/^Patient\/[A-Za-z0-9\-.]{1,64}$/.test(fhirUser ?? '')) {
    throw new AccountError('A patient needs --fhir-user Patient/<id>: the record that is theirs.');
  }
  if (
    role !== 'patient' &&
    fhirUser !== undefined &&
    !/^(Practitioner|PractitionerRole|Person|RelatedPerson)\/[A-Za-z0-9\-.]{1,64}$/.test(fhirUser)
  ) {
    throw new AccountError('--fhir-user must be Practitioner/<id>, PractitionerRole/<id>, Person/<id> or RelatedPerson/<id>.');
  }
}

interface Credentials {
  readonly login: string;
  readonly password: string;
  /** Six digits; empty if none was typed. */
  readonly code: string;
}

interface AuthenticatorOptions {
  readonly store: AuthorizationStore;
  readonly passwords: Passwords;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** False: demo accounts can't log in. */
  readonly allowDemo: boolean;
}

export type LoginOutcome =
  | { readonly kind: 'welcome'; readonly account: Account }
  /** Wrong, unknown, locked or disabled: the person is told no more than that. */
  | { readonly kind: 'refused' }
  /** The password is right, and a code is needed. */
  | { readonly kind: 'code-needed' };

/** Checks name, password and code. A locked account is refused even with the right password. */
export function createAuthenticator({
  store,
  passwords,
  now,
  allowDemo,
}: AuthenticatorOptions): (given: Credentials) => Promise<LoginOutcome> {
  return async ({ login, password, code }) => {
    const account = await store.accountByLogin(login.trim().toLowerCase());
    const isRight = await passwords.verify(account?.passwordHash, password.slice(0, 256));
    if (!account || account.isDisabled || (account.isDemo && !allowDemo)) return { kind: 'refused' };
    if (account.lockedUntil && account.lockedUntil.getTime() > now()) return { kind: 'refused' };
    if (isRight && account.totpSecret && code === '') return { kind: 'code-needed' };
    const isWelcome = isRight && (await isCodeRight(store, account, code, now()));
    if (isWelcome) {
      await store.clearFailures(account.id);
      return { kind: 'welcome', account };
    }
    await store.countFailure(account.id, MOST_FAILURES, new Date(now() + LOCKED_MS));
    return { kind: 'refused' };
  };
}

/** Each time step's code works once, also when it is sent twice at once. */
async function isCodeRight(
  store: AuthorizationStore,
  { id, login, totpSecret, role }: Account,
  code: string,
  at: number,
): Promise<boolean> {
  if (!totpSecret) return role !== 'admin';
  const delta = totpOf(totpSecret, login).validate({ token: code.replaceAll(' ', ''), timestamp: at, window: 1 });
  return delta !== null && (await store.useTotpStep(id, Math.floor(at / TOTP_STEP_MS) + delta));
}

function totpOf(secret: string, login: string): TOTP {
  return new TOTP({ issuer: 'Meridian', label: login, algorithm: 'SHA1', digits: 6, period: TOTP_STEP_MS / 1000, secret });
}
