import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeJwt } from 'jose';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { fixedKeys } from './keys.ts';
import { openLocalIssuer } from './local-key.ts';
import { createTokenVerifier } from './tokens.ts';

let dataDir: string;
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'meridian-keys-'));
});
afterEach(() => rm(dataDir, { recursive: true }));

const CLAIMS = { audience: 'http://127.0.0.1:8080/fhir/R4', scope: 'system/*.cruds', subject: 'tester', ttlSeconds: 60 };

test('its tokens pass, also after a restart', async () => {
  const { jwks } = await openLocalIssuer(dataDir);
  const token = await (await openLocalIssuer(dataDir)).sign({ ...CLAIMS, patient: 'p1' });
  const verifier = createTokenVerifier({
    issuer: 'http://127.0.0.1:8080',
    audience: CLAIMS.audience,
    keys: fixedKeys(jwks),
    isResourceType: () => true,
  });
  expect(await verifier.verify(token)).toMatchObject({ client: 'tester', subject: 'tester', patient: 'p1' });
  expect(decodeJwt(token).exp).toBe((decodeJwt(token).iat ?? 0) + 60);
});

test('keeps the key to itself', async () => {
  const { jwks } = await openLocalIssuer(dataDir);
  expect(JSON.stringify(jwks)).not.toContain('"d"');
  expect((await stat(join(dataDir, 'keys'))).mode & 0o777).toBe(0o700);
  expect((await stat(join(dataDir, 'keys', 'token-signing.jwks.json'))).mode & 0o777).toBe(0o600);
});

test('many first starts at once agree on one key', async () => {
  const issuers = await Promise.all(Array.from({ length: 16 }, () => openLocalIssuer(dataDir)));
  expect(new Set(issuers.map((issuer) => issuer.jwks.keys[0]?.kid)).size).toBe(1);
});
