/** The gateway as it is composed for users, over both databases of a test file, to send cases to. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openLocalIssuer } from '../src/access/local-key.ts';
import { loadConfig } from '../src/config/load.ts';
import { findFreePort } from '../src/embedded/free-ports.ts';
import { createGateway } from '../src/gateway.ts';
import { untilIndexed } from './conformance-suite.ts';
import { createForge } from './runner/forge.ts';
import type { Target } from './runner/send.ts';

export interface ComposedGateway {
  readonly target: Target;
  close(): Promise<void>;
}

/** Ready for cases: its words are indexed. `env` is settings beside the databases. */
export async function startComposedGateway(
  { mongodbUri, databaseUrl }: { readonly mongodbUri: string; readonly databaseUrl: string },
  env: Readonly<Record<string, string>> = {},
): Promise<ComposedGateway> {
  const dataDir = await mkdtemp(join(tmpdir(), 'meridian-conformance-'));
  const stores = ['--connect', '--mongodb-uri', mongodbUri, '--database-url', databaseUrl, '--data-dir', dataDir];
  const settings = ['--port', String(await findFreePort()), '--log-level', 'warn', '--trust-forwarded', '--full-text', 'all'];
  // Cases look at erasures that go on, however slow the machine is.
  const longErasures = ['--erasure-seconds', '600'];
  const gateway = await createGateway(loadConfig([...settings, ...longErasures, ...stores], env));
  const { url } = await gateway.listen();
  const issuer = await openLocalIssuer(dataDir);
  const target: Target = {
    baseUrl: url,
    token: (scope, client = 'test', context = {}) => issuer.sign({ audience: url, scope, subject: client, ttlSeconds: 600, ...context }),
    forge: await createForge(dataDir, url),
  };
  await untilIndexed(target);
  return {
    target,
    close: async () => {
      await gateway.close();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}
