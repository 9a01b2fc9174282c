import { TOTP, URI } from 'otpauth';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { createMemoryAuthorizationStore } from '../../store/memory/authorization.ts';
import { AccountError, addAccount, createAuthenticator, type NewAccount } from './accounts.ts';
import { createPasswords } from './passwords.ts';

// Key pairs and password hashes take their time on a busy machine.
vi.setConfig({ testTimeout: 60_000 });

const PASSWORD = 'correct horse battery';
const passwords = createPasswords();
let now: number;
let store: ReturnType<typeof createMemoryAuthorizationStore>;
beforeEach(() => {
  now = Date.UTC(2026, 0, 1);
  store = createMemoryAuthorizationStore(() => now);
});

const add = (changes: Partial<NewAccount> = {}) =>
  addAccount(store, passwords, { login: 'House', displayName: 'House', role: 'doctor', password: PASSWORD, hasTotp: false, ...changes });
const logIn = async (password = PASSWORD, code = '', login = 'house') =>
  (await createAuthenticator({ store, passwords, now: () => now, allowDemo: false })({ login, password, code })).kind;

describe('an account', () => {
  test.each<[string, Partial<NewAccount>]>([
    ['a short password', { password: 'short' }],
    ['an admin without an authenticator app', { role: 'admin' }],
    ['a patient without a record', { role: 'patient' }],
    ['a patient who is a practitioner', { role: 'patient', fhirUser: 'Practitioner/1' }],
    ['a doctor who is a patient', { fhirUser: 'Patient/1' }],
    ['a login with a space', { login: 'a b' }],
  ])('is not made with %s', async (_, changes) => {
    await expect(add(changes)).rejects.toThrow(AccountError);
  });

  test('keeps no password, and its login is taken once', async () => {
    await add();
    expect((await store.accountByLogin('house'))?.passwordHash).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
    await expect(add({ login: 'HOUSE' })).rejects.toThrow('already');
  });
});

describe('logging in', () => {
  test('takes the right password alone', async () => {
    await add();
    expect(await logIn()).toBe('welcome');
    expect(await logIn('wrong')).toBe('refused');
    expect(await logIn(PASSWORD, '', 'nobody')).toBe('refused');
  });

  test('locks after five failures, for fifteen minutes, also for the right password', async () => {
    await add();
    for (let failure = 0; failure < 5; failure++) await logIn('wrong');
    expect(await logIn()).toBe('refused');
    now += 15 * 60_000 + 1;
    expect(await logIn()).toBe('welcome');
    for (let failure = 0; failure < 4; failure++) await logIn('wrong');
    expect(await logIn()).toBe('welcome');
  });

  test('counts failures that come at once', async () => {
    await add();
    await Promise.all(Array.from({ length: 5 }, () => logIn('wrong')));
    expect(await logIn()).toBe('refused');
  });

  test('with an authenticator app: each code once, wrong ones count', async () => {
    const { totpUri = '' } = await add({ role: 'admin', hasTotp: true });
    const totp = URI.parse(totpUri) as TOTP;
    expect(totp).toBeInstanceOf(TOTP);
    const code = () => totp.generate({ timestamp: now });
    expect(await logIn()).toBe('code-needed');
    expect(await logIn('wrong', code())).toBe('refused');
    const outcomes = await Promise.all([logIn(PASSWORD, code()), logIn(PASSWORD, code())]);
    expect(outcomes.sort()).toEqual(['refused', 'welcome']);
    expect(await logIn(PASSWORD, code())).toBe('refused');
    now += 60_000;
    expect(await logIn(PASSWORD, code())).toBe('welcome');
    now += 600_000;
    expect(await logIn(PASSWORD, totp.generate({ timestamp: now - 300_000 }))).toBe('refused');
  });

  test('is not for disabled and demo accounts', async () => {
    await add({ isDemo: true });
    expect(await logIn()).toBe('refused');
    await add({ login: 'wilson' });
    await store.disableAccount('wilson');
    expect(await logIn(PASSWORD, '', 'wilson')).toBe('refused');
  });
});
