/** Gateways over one pair of databases, one after the other, with whatever settings. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openLocalIssuer } from '../../src/access/local-key.ts';
import { loadConfig } from '../../src/config/load.ts';
import { findFreePort } from '../../src/embedded/free-ports.ts';
import { createGateway } from '../../src/gateway.ts';
import { testDatabases } from '../support/databases.ts';

interface Place {
  readonly mongodbUri: string;
  readonly databaseUrl: string;
  readonly dataDir: string;
}

/** Databases and a data folder of the test file's own. */
export async function openPlace(): Promise<Place & { close(): Promise<void> }> {
  const dataDir = await mkdtemp(join(tmpdir(), 'meridian-encryption-'));
  return { ...(await testDatabases()), dataDir, close: () => rm(dataDir, { recursive: true, force: true }) };
}

const AUDIENCE = 'http://meridian.test/fhir/R4';

interface Asked {
  readonly status: number;
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: whatever the answer holds
  readonly json: any;
  readonly headers: Headers;
}

export type Ask = (method: string, path: string, body?: unknown, headers?: Readonly<Record<string, string>>) => Promise<Asked>;

/** Starts a gateway, lets `use` ask it, and ends it. */
export async function withGateway<T>(place: Place, env: Readonly<Record<string, string>>, use: (ask: Ask) => Promise<T>): Promise<T> {
  const flags = ['--connect', '--mongodb-uri', place.mongodbUri, '--database-url', place.databaseUrl, '--data-dir', place.dataDir];
  const more = ['--port', String(await findFreePort()), '--log-level', 'silent', '--full-text', 'all', '--audience', AUDIENCE];
  const gateway = await createGateway(loadConfig([...flags, ...more, '--issuer', 'http://meridian.test'], env));
  try {
    const { url } = await gateway.listen();
    const issuer = await openLocalIssuer(place.dataDir);
    const scope = 'system/*.cruds system/AuditEvent.rs system/$reindex.cruds system/$expunge.cruds system/$shard.cruds';
    const token = await issuer.sign({ audience: AUDIENCE, issuer: 'http://meridian.test', scope, subject: 'test', ttlSeconds: 600 });
    return await use(async (method, path, body, headers = {}) => {
      const text = typeof body === 'string' || body === undefined ? body : JSON.stringify(body);
      const type = text === undefined ? {} : { 'Content-Type': 'application/fhir+json' };
      const answer = await fetch(`${url}/${path}`, {
        method,
        headers: { Authorization: `Bearer ${token}`, ...type, ...headers },
        ...(text !== undefined && { body: text }),
      });
      const received = await answer.text();
      const json = /^[{[]/.test(received) ? JSON.parse(received) : undefined;
      return { status: answer.status, text: received, json, headers: answer.headers };
    });
  } finally {
    await gateway.close();
  }
}
