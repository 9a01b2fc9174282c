/**
 * `npm run audit:verify`: checks every audit event in PostgreSQL against its chain, the signed roots, and what the gateways
 * of this data folder remember. Takes the gateway's own flags; the gateway may be running or not. Ends with 1 if anything is wrong.
 */
import { globSync } from 'node:fs';
import { join } from 'node:path';
import { Client } from 'pg';
import { openLocalSealer } from '../src/access/local-key.ts';
import { ROOT_KEY, ROOT_TYPE, type Root } from '../src/audit/roots.ts';
import { type Verification, verifyEvents } from '../src/audit/verify.ts';
import { readWitness } from '../src/audit/witness.ts';
import { loadConfig } from '../src/config/load.ts';
import type { Config } from '../src/config/options.ts';
import { lockDataDir } from '../src/embedded/lock.ts';
import { runningPostgres, startPostgres } from '../src/embedded/postgres.ts';
import { readChains, readEvents, readRoots } from '../src/store/postgres/audit/evidence.ts';
import { runCommand } from './run-command.ts';

/** What the gateways kept outside the database, read before the database is: it never is ahead of that. */
function remembered(dataDir: string) {
  const folders = globSync(join(dataDir, 'audit/*')).map(readWitness);
  return { heads: new Map(folders.flatMap(({ heads }) => [...heads])), roots: folders.flatMap(({ roots }) => roots) };
}

async function verify(databaseUrl: string, dataDir: string): Promise<Verification> {
  const outside = remembered(dataDir);
  const { open } = await openLocalSealer(dataDir, ROOT_KEY);
  const client = new Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
    const evidence = { chains: await readChains(client), heads: outside.heads, roots: [...(await readRoots(client)), ...outside.roots] };
    return await verifyEvents(readEvents(client), evidence, (signed) => open(signed, ROOT_TYPE) as Promise<Root | undefined>);
  } finally {
    await client.end();
  }
}

async function verifyWhereItLies(config: Config): Promise<Verification> {
  if (config.connect && config.databaseUrl) return verify(config.databaseUrl, config.dataDir);
  const dataDir = join(config.dataDir, 'postgres');
  const running = await runningPostgres(dataDir);
  if (running) return verify(running, config.dataDir);
  const release = lockDataDir(config.dataDir, config.baseUrl);
  try {
    const postgres = await startPostgres({ dataDir });
    return await verify(postgres.url, config.dataDir).finally(() => postgres.stop());
  } finally {
    release();
  }
}

function report({ events, chains, roots, findings }: Verification, seconds: number): void {
  const looked = `${events} events in ${chains} chains against ${roots} signed roots in ${seconds.toFixed(1)} s`;
  if (findings.length === 0) process.stdout.write(`✓ ${looked}: nothing is missing or altered\n`);
  else
    process.stdout.write(
      `✗ ${looked}\n${findings.map(({ chain, seq, problem }) => `  chain ${chain}, event ${seq}: ${problem}\n`).join('')}`,
    );
}

async function main(): Promise<number> {
  const startedAt = performance.now();
  const verification = await verifyWhereItLies(loadConfig(process.argv.slice(2), process.env));
  report(verification, (performance.now() - startedAt) / 1000);
  return verification.findings.length === 0 ? 0 : 1;
}

await runCommand(main, 2);
