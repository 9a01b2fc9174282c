import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { testPostgres } from '../../../tests/support/databases.ts';
import type { Account, AuthorizationStore } from '../authorization.ts';
import { createMemoryAuthorizationStore } from '../memory/authorization.ts';
import { createAuthorizationStore } from './authorization.ts';
import { migratePostgres } from './migrate.ts';

const { databaseUrl } = await testPostgres();
const pool = new pg.Pool({ connectionString: databaseUrl, max: 8 });
pool.on('connect', (client) => client.on('error', () => undefined));
beforeAll(async () => void (await migratePostgres(pool)), 120_000);
afterAll(() => pool.end());

const later = () => new Date(Date.now() + 60_000);
const account = (id: string): Account => ({
  id,
  login: id,
  displayName: id,
  role: 'doctor',
  passwordHash: 'x',
  totpLastStep: 0,
  failures: 0,
  isDisabled: false,
  isDemo: false,
});

describe.each<[string, () => AuthorizationStore]>([
  ['PostgreSQL', () => createAuthorizationStore(pool)],
  ['memory', () => createMemoryAuthorizationStore()],
])('authorization records in %s', (_, open) => {
  const store = open();

  test('nothing is found under a text with U+0000', async () => {
    expect(await store.find('LaunchContext', 'a\0b')).toBeUndefined();
    expect(await store.findByUid('Interaction', 'a\0b')).toBeUndefined();
    expect(await store.accountByLogin('a\0b')).toBeUndefined();
    expect(await store.client('a\0b')).toBeUndefined();
  });

  test('of twenty inserts at once one is first, in each of twenty rounds', async () => {
    for (let round = 0; round < 20; round++) {
      const record = { model: 'ReplayDetection', id: `r${round}`, payload: {}, expiresAt: later() };
      const firsts = await Promise.all(Array.from({ length: 20 }, () => store.insert(record)));
      expect(firsts.filter(Boolean)).toHaveLength(1);
    }
  });

  test('of twenty that use a record at once one is first; what was used stays used', async () => {
    const record = { model: 'RefreshToken', id: 't', grantId: 'g', payload: { grantId: 'g' }, expiresAt: later() };
    await store.put(record);
    const firsts = await Promise.all(Array.from({ length: 20 }, () => store.consume('RefreshToken', 't')));
    expect(firsts.filter(Boolean)).toHaveLength(1);
    await store.put(record);
    expect((await store.find('RefreshToken', 't'))?.consumedAt).toBeInstanceOf(Date);
    await store.removeGrant('g');
    expect(await store.find('RefreshToken', 't')).toBeUndefined();
  });

  test('what has expired is not found, and goes; what is used lives on', async () => {
    await store.put({ model: 'Session', id: 's1', uid: 'u1', payload: { exp: 1 }, expiresAt: new Date(Date.now() - 1) });
    await store.put({ model: 'Session', id: 's2', uid: 'u2', payload: { exp: 1 }, expiresAt: later() });
    const end = new Date(Date.now() + 900_000);
    await store.extend('Session', 'u2', end);
    expect(await store.findByUid('Session', 'u1')).toBeUndefined();
    expect((await store.findByUid('Session', 'u2'))?.payload.exp).toBe(Math.floor(end.getTime() / 1000));
    expect(await store.sweep(new Date())).toBe(1);
  });

  test('accounts: one for a login; failures lock; a code’s time step counts once; disabling ends what was granted', async () => {
    expect(await store.addAccount(account('ann'))).toBe(true);
    expect(await store.addAccount({ ...account('ann'), id: 'other' })).toBe(false);
    const until = later();
    await Promise.all(Array.from({ length: 5 }, () => store.countFailure('ann', 5, until)));
    expect(await store.accountByLogin('ann')).toMatchObject({ failures: 5, lockedUntil: until });
    await store.clearFailures('ann');
    expect((await store.accountById('ann'))?.lockedUntil).toBeUndefined();
    expect((await Promise.all([1, 2, 3].map(() => store.useTotpStep('ann', 7)))).filter(Boolean)).toHaveLength(1);
    await store.put({ model: 'Grant', id: 'g2', grantId: 'g2', payload: { accountId: 'ann' }, expiresAt: later() });
    expect([await store.disableAccount('ann'), await store.disableAccount('nobody')]).toEqual([true, false]);
    expect(await store.find('Grant', 'g2')).toBeUndefined();
  });

  test('clients come and go, demo accounts and clients together', async () => {
    await store.addClient({ id: 'c', metadata: { client_name: 'C' }, isDemo: false });
    await store.addClient({ id: 'd', metadata: {}, isDemo: true });
    await store.addAccount({ ...account('demo'), isDemo: true });
    await store.removeDemo();
    expect((await store.clients()).map(({ id }) => id)).toEqual(['c']);
    expect(await store.accountByLogin('demo')).toBeUndefined();
    expect([await store.removeClient('c'), await store.removeClient('c')]).toEqual([true, false]);
  });
});
