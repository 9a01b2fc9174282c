/** TLS to MongoDB, as docs/security.md tells to set it up. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createAuthority, inOneFile } from '../../../tests/support/certificates.ts';
import { findFreePorts } from '../../embedded/free-ports.ts';
import { findMongod } from '../../embedded/mongo/find-mongod.ts';
import { connectMongo } from './client.ts';

const [ours, foreign] = [createAuthority(), createAuthority()];
const folder = mkdtempSync(join(tmpdir(), 'meridian-test-mongo-tls-'));
const [port = 0] = await findFreePorts(1);
let mongod: ChildProcess;

beforeAll(async () => {
  const key = inOneFile(ours.issue('mongod'));
  const flags = [
    '--tlsMode',
    'requireTLS',
    '--tlsCertificateKeyFile',
    key,
    '--tlsCAFile',
    ours.caFile,
    '--tlsAllowConnectionsWithoutCertificates',
  ];
  mongod = spawn(await findMongod(), ['--dbpath', folder, '--port', String(port), '--bind_ip', '127.0.0.1', ...flags], { stdio: 'ignore' });
});

afterAll(async () => {
  mongod.kill('SIGKILL');
  await once(mongod, 'close');
  rmSync(folder, { recursive: true, force: true });
  for (const authority of [ours, foreign]) authority.remove();
});

async function ping(query: string, patienceMs: number): Promise<void> {
  const uri = `mongodb://127.0.0.1:${port}/meridian?directConnection=true${query}`;
  const { client } = await connectMongo({ uri, serverSelectionTimeoutMs: patienceMs });
  await client.close();
}

describe('tls=true (https://www.mongodb.com/docs/drivers/node/current/security/tls/)', () => {
  test('connects to a server whose certificate is of the named authority', async () => {
    await ping(`&tls=true&tlsCAFile=${encodeURIComponent(ours.caFile)}`, 20_000);
  });

  test('refuses one of another authority, and is refused without TLS', async () => {
    await expect(ping(`&tls=true&tlsCAFile=${encodeURIComponent(foreign.caFile)}`, 1_500)).rejects.toThrow();
    await expect(ping('', 1_500)).rejects.toThrow();
  });
});
