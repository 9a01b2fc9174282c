/** TLS to PostgreSQL, as docs/security.md tells to set it up. */
import { execFileSync } from 'node:child_process';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createAuthority } from '../../../tests/support/certificates.ts';
import { type EmbeddedPostgres, startPostgres } from '../../embedded/postgres.ts';
import { createPostgresStore } from './postgres-store.ts';

const [ours, foreign] = [createAuthority(), createAuthority()];
let folder: string;
let server: EmbeddedPostgres;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'meridian-test-pg-tls-'));
  await chmod(folder, 0o755);
  const { certFile, keyFile } = ours.issue('postgres');
  const first = await startPostgres({ dataDir: folder });
  await first.stop();
  // PostgreSQL wants its key to be its own.
  execFileSync('chown', ['--reference', join(folder, 'data'), keyFile]);
  server = await startPostgres({ dataDir: folder, settings: { ssl: 'on', ssl_cert_file: certFile, ssl_key_file: keyFile } });
}, 60_000);

afterAll(async () => {
  await server?.stop();
  await rm(folder, { recursive: true, force: true });
  for (const authority of [ours, foreign]) authority.remove();
}, 30_000);

async function ping(query: string): Promise<void> {
  const store = createPostgresStore({ url: `${server.url}?${query}` });
  try {
    await store.ping();
  } finally {
    await store.close();
  }
}

describe('sslmode=verify-full (https://www.postgresql.org/docs/current/libpq-ssl.html)', () => {
  test('connects to a server whose certificate is of the named authority', async () => {
    await ping(`sslmode=verify-full&sslrootcert=${ours.caFile}`);
  });

  test('refuses one of another authority', async () => {
    await expect(ping(`sslmode=verify-full&sslrootcert=${foreign.caFile}`)).rejects.toThrow();
  });
});
