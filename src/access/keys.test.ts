import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exportJWK, generateKeyPair, type JWK, jwtVerify, SignJWT } from 'jose';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type KeySource, remoteKeys } from './keys.ts';

let folder: string;
let cacheFile: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'meridian-jwks-'));
  cacheFile = join(folder, 'jwks.json');
  vi.useFakeTimers({ toFake: ['Date'] });
});
afterEach(async () => {
  vi.useRealTimers();
  await rm(folder, { recursive: true });
});

async function keyNamed(kid: string) {
  const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true });
  const jwk: JWK = { ...(await exportJWK(publicKey)), kid, alg: 'ES256' };
  return { jwk, token: await new SignJWT({}).setProtectedHeader({ alg: 'ES256', kid }).sign(privateKey) };
}

/** An identity provider of which only the network is missing. */
function provider(keys: JWK[]) {
  const state = { keys, isUp: true, reads: 0 };
  const fetch = async () => {
    state.reads++;
    if (!state.isUp) throw new TypeError('fetch failed');
    return Response.json({ keys: state.keys });
  };
  return Object.assign(state, { fetch });
}

const passes = (token: string, source: KeySource) => jwtVerify(token, source).then(() => true);
const later = (ms: number) => vi.setSystemTime(Date.now() + ms);

test('a new key is found by its kid, not more than once per cool-down', async () => {
  const [one, two, three] = await Promise.all(['1', '2', '3'].map(keyNamed));
  if (!one || !two || !three) throw new Error('no keys');
  const idp = provider([one.jwk]);
  const source = remoteKeys({ url: 'https://idp.example/jwks', fetch: idp.fetch });
  await passes(one.token, source);
  await passes(one.token, source);
  expect(idp.reads).toBe(1);

  idp.keys = [two.jwk];
  await expect(passes(two.token, source)).rejects.toThrow();
  expect(idp.reads).toBe(1);
  later(31_000);
  expect(await passes(two.token, source)).toBe(true);
  await expect(passes(one.token, source)).rejects.toThrow();
  for (let i = 0; i < 10; i++) await expect(passes(three.token, source)).rejects.toThrow();
  expect(idp.reads).toBe(2);
});

test('the last set serves while the provider is away, also after a restart, but not for ever', async () => {
  const key = await keyNamed('1');
  const idp = provider([key.jwk]);
  const options = { url: 'https://idp.example/jwks', fetch: idp.fetch, cacheFile };
  await passes(key.token, remoteKeys(options));
  expect(JSON.parse(await readFile(cacheFile, 'utf8')).jwks.keys).toHaveLength(1);

  idp.isUp = false;
  later(3_600_000);
  const restarted = remoteKeys(options);
  expect(await passes(key.token, restarted)).toBe(true);
  later(24 * 3_600_000);
  await expect(passes(key.token, restarted)).rejects.toMatchObject({ status: 503 });
  idp.isUp = true;
  expect(await passes(key.token, restarted)).toBe(true);
});

test('a broken cache file and an unwritable one stop nothing', async () => {
  const key = await keyNamed('1');
  const idp = provider([key.jwk]);
  await writeFile(cacheFile, '{"jwks":');
  expect(await passes(key.token, remoteKeys({ url: 'https://idp.example/jwks', fetch: idp.fetch, cacheFile }))).toBe(true);
  const problems: unknown[] = [];
  const nowhere = join(folder, 'none', 'jwks.json');
  const source = remoteKeys({
    url: 'https://idp.example/jwks',
    fetch: idp.fetch,
    cacheFile: nowhere,
    onCacheProblem: (error) => problems.push(error),
  });
  expect(await passes(key.token, source)).toBe(true);
  expect(problems).toHaveLength(1);
});
