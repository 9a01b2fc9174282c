import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, describe, expect, test } from 'vitest';
import { parseFieldKeys } from '../src/encryption/field-keys.ts';
import { testEncryption } from '../tests/support/encryption.ts';
import { serveMemoryGateway } from '../tests/support/memory-gateway.ts';

const [encrypting, plain] = await Promise.all([serveMemoryGateway({ encryption: testEncryption() }), serveMemoryGateway()]);
afterAll(() => Promise.all([encrypting.close(), plain.close()]));

async function keys(...args: string[]): Promise<{ stdout: string; stderr: string }> {
  return promisify(execFile)(process.execPath, ['scripts/keys.ts', ...args]).catch((error) => error as { stdout: string; stderr: string });
}

describe('npm run keys', { timeout: 60_000 }, () => {
  test('new: prints a key with its name, another each time', async () => {
    const [a, b] = await Promise.all([keys('new', '2026-11'), keys('new', '2026-11')]);
    expect(parseFieldKeys(a.stdout).current.id).toBe('2026-11');
    expect(a.stdout).not.toBe(b.stdout);
  });

  test.each([[['new']], [['new', 'a b']], [['fly']], [[]]])('%j is refused in one line or by the usage', async (args) => {
    const { stdout, stderr } = await keys(...args);
    expect(stdout).toBe('');
    expect(stderr).toMatch(/^✗ /);
  });

  test('rotate: waits until a gateway has gone through everything', async () => {
    const token = await encrypting.token('system/$reindex.cruds');
    const { stderr } = await keys('rotate', '--url', encrypting.baseUrl, '--token', token);
    expect(stderr).toContain('done');
  });

  test('rotate: says why a gateway does not', async () => {
    const token = await plain.token('system/$reindex.cruds');
    expect((await keys('rotate', '--url', plain.baseUrl, '--token', token)).stderr).toContain('this server has no field encryption');
    const weak = await plain.token('system/*.cruds');
    expect((await keys('rotate', '--url', plain.baseUrl, '--token', weak)).stderr).toContain('403');
  });
});
