import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openLocalIssuer } from '../access/local-key.ts';
import { loadConfig } from '../config/load.ts';
import { loadDefinitions } from '../definitions/load.ts';
import { createLogger } from '../telemetry/logger.ts';
import { createVerifier } from './tokens.ts';

const ISSUER = 'https://idp.example';
const OWN = 'https://fhir.example';
const BASE = `${OWN}/fhir/R4`;
const definitions = loadDefinitions();
const log = createLogger({ level: 'silent' });

let server: Server;
let jwksUrl: string;
let ofProvider: string;
const folders: string[] = [];

beforeAll(async () => {
  const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true });
  const keys = [{ ...(await exportJWK(publicKey)), kid: 'k', alg: 'ES256' }];
  server = createServer((_, answer) => answer.setHeader('content-type', 'application/json').end(JSON.stringify({ keys })));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  jwksUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks`;
  const claims = new SignJWT({ scope: 'system/*.rs', iss: ISSUER, aud: BASE, sub: 'app' }).setProtectedHeader({ alg: 'ES256', kid: 'k' });
  ofProvider = await claims.setIssuedAt().setExpirationTime('10m').sign(privateKey);
});
afterAll(async () => {
  server.close();
  await Promise.all(folders.map((folder) => rm(folder, { recursive: true })));
});

/** A gateway's judge of tokens, and tokens of its own key, whatever issuer they claim. */
async function judge(flags: readonly string[], dataDir?: string) {
  const folder = dataDir ?? (await mkdtemp(join(tmpdir(), 'meridian-tokens-')));
  if (!dataDir) folders.push(folder);
  const config = loadConfig(['--data-dir', folder, '--base-url', BASE, '--issuer', ISSUER, '--jwks-url', jwksUrl, ...flags], {});
  const local = await openLocalIssuer(folder);
  const { verify } = await createVerifier(config, definitions, log);
  const ownToken = (issuer: string) => local.sign({ issuer, audience: BASE, scope: 'system/*.rs', subject: 'nurse', ttlSeconds: 60 });
  return { verify, ownToken, folder };
}

describe('an identity provider, and the embedded server for when the line to it is cut', () => {
  test('tokens of both are taken, each by its own issuer and key alone', async () => {
    const { verify, ownToken } = await judge(['--authorization-server', 'on']);
    await expect(verify(ofProvider)).resolves.toMatchObject({ issuer: ISSUER, subject: 'app' });
    await expect(verify(await ownToken(OWN))).resolves.toMatchObject({ issuer: OWN, subject: 'nurse' });
    await expect(verify(await ownToken(ISSUER))).rejects.toMatchObject({ status: 401 });
  });

  test('without the embedded server its key counts for nothing', async () => {
    const { verify, ownToken } = await judge([]);
    await expect(verify(await ownToken(OWN))).rejects.toMatchObject({ status: 401 });
  });

  test('while the provider is away, new tokens of the embedded server and those that the provider has issued go on', async () => {
    const { verify, folder } = await judge(['--authorization-server', 'on']);
    await verify(ofProvider);
    server.close();
    server.closeAllConnections();
    const restarted = await judge(['--authorization-server', 'on'], folder);
    await expect(restarted.verify(ofProvider)).resolves.toMatchObject({ issuer: ISSUER });
    await expect(restarted.verify(await restarted.ownToken(OWN))).resolves.toMatchObject({ issuer: OWN });
    const never = await judge(['--authorization-server', 'on']);
    await expect(never.verify(ofProvider)).rejects.toMatchObject({ status: 503 });
  });
});
