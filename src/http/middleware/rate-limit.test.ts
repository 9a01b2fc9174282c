import { describe, expect, test } from 'vitest';
import { createRateLimits } from './rate-limit.ts';

const ada = { client: 'app', subject: 'ada', issuer: 'https://idp' };
const bob = { ...ada, subject: 'bob' };
const service = { client: 'etl', subject: 'etl', issuer: 'https://idp' };
const limits = (changes: object = {}) => createRateLimits({ clientPoints: 100, userPoints: 60, refusedTokens: 3, ...changes });
const refusal = (by: string) =>
  expect.objectContaining({
    status: 429,
    headers: expect.objectContaining({
      'Retry-After': expect.stringMatching(/^(60|5\d)$/),
      RateLimit: expect.stringContaining(`"${by}";r=0;`),
    }),
  });

describe('points', () => {
  test('are counted by client and by user, and told of the one that has fewer left', async () => {
    const { charge, refused } = limits();
    expect(await charge(ada, 10)).toEqual({
      'RateLimit-Policy': '"client";q=100;w=60, "user";q=60;w=60',
      RateLimit: expect.stringMatching(/^"user";r=50;t=60$/),
    });
    await charge(ada, 50);
    await expect(charge(ada, 1)).rejects.toEqual(refusal('user'));
    expect((await charge(bob, 10))?.RateLimit).toMatch(/^"client";r=29;/);
    await expect(charge(bob, 40)).rejects.toEqual(refusal('client'));
    expect(refused).toEqual({ client: 1, user: 1, address: 0, authorization: 0 });
  });

  test('of a backend service count once', async () => {
    const { charge } = limits();
    expect((await charge(service, 90))?.RateLimit).toMatch(/^"client";r=10;/);
  });

  test('without limits nothing is counted or told', async () => {
    expect(await limits({ clientPoints: 0, userPoints: 0 }).charge(ada, 1e9)).toBeUndefined();
  });
});

describe('refused tokens', () => {
  test('block an address, not others, and the address is not even looked at before', async () => {
    const { checkAddress, refuseToken, refused } = limits();
    checkAddress(() => expect.fail('nothing was refused yet'));
    for (let n = 0; n < 3; n++) await refuseToken('192.0.2.1');
    expect(() => checkAddress(() => '192.0.2.1')).toThrow(expect.objectContaining({ status: 429 }));
    checkAddress(() => '192.0.2.2');
    expect(refused.address).toBe(1);
  });
});

test('where Redis is away, this process counts', async () => {
  const away = { status: 'end', defineCommand: () => {}, rlflxIncr: () => Promise.reject(new Error('away')), multi: () => ({}) };
  const { charge } = limits({ redis: away });
  expect((await charge(service, 10))?.RateLimit).toMatch(/^"client";r=90;/);
  await expect(charge(service, 100)).rejects.toEqual(refusal('client'));
});
