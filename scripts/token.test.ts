import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { fixedKeys } from '../src/access/keys.ts';
import { openLocalIssuer } from '../src/access/local-key.ts';
import { createTokenVerifier } from '../src/access/tokens.ts';

const run = promisify(execFile);
const script = fileURLToPath(new URL('token.ts', import.meta.url));

let dataDir: string;
beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'meridian-token-'));
});
afterAll(() => rm(dataDir, { recursive: true }));

const token = (...args: string[]) => run(process.execPath, [script, '--data-dir', dataDir, ...args], { env: { PATH: process.env.PATH } });

test('prints a token that the gateway takes, and nothing else', async () => {
  await openLocalIssuer(dataDir);
  const { stdout, stderr } = await token('--scope', 'system/*.rs', '--port=8099', '--sub', 'ann', '--patient', 'p1', '--ttl', '60');
  expect(stderr).toBe('');
  expect(stdout).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+\n$/);
  const { jwks } = await openLocalIssuer(dataDir);
  const verifier = createTokenVerifier({
    issuer: 'http://127.0.0.1:8099',
    audience: 'http://127.0.0.1:8099/fhir/R4',
    keys: fixedKeys(jwks),
    isResourceType: () => true,
  });
  expect(await verifier.verify(stdout.trim())).toMatchObject({ subject: 'ann', client: 'ann', patient: 'p1' });
});

test('says on standard error what is wrong', async () => {
  expect((await token('--scope', 'patient/*.rs system/Nope.r')).stderr).toMatch(
    /patient\/\*\.rs grants nothing without a patient.*\n.*system\/Nope\.r grants nothing/,
  );
  await expect(token()).rejects.toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('--scope is missing') });
  await expect(token('--scope', 'x', '--ttl', '1h')).rejects.toMatchObject({ code: 1, stderr: expect.stringContaining('--ttl') });
  await expect(token('--scope', 'x', '--bogus', '1')).rejects.toMatchObject({ code: 1, stderr: expect.stringContaining('--bogus') });
});
