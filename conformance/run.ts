/**
 * Runs the cases against a gateway and writes a dated result:
 *
 *     node conformance/run.ts http://127.0.0.1:8080/fhir/R4 ./data [file] [--record]
 *
 * The data folder holds the local key that signs the tokens; `file` chooses cases by the name of their file.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { openLocalIssuer } from '../src/access/local-key.ts';
import type { Case } from './runner/case.ts';
import { createForge } from './runner/forge.ts';
import { loadCases } from './runner/load-cases.ts';
import { prepareFile, runCase } from './runner/run-case.ts';
import type { Target } from './runner/send.ts';

interface Result {
  readonly file: string;
  readonly name: string;
  readonly covers: readonly number[];
  readonly problems: readonly string[];
}

const TOKEN_SECONDS = 3600;

async function targetAt(baseUrl: string, dataDir: string): Promise<Target> {
  const issuer = await openLocalIssuer(dataDir);
  const tokens = new Map<string, Promise<string>>();
  return {
    baseUrl,
    forge: await createForge(dataDir, baseUrl),
    token: (scope, client, context) => {
      const name = JSON.stringify([client, scope, context]);
      const token = tokens.get(name) ?? issuer.sign({ audience: baseUrl, scope, subject: client, ttlSeconds: TOKEN_SECONDS, ...context });
      tokens.set(name, token);
      return token;
    },
  };
}

async function resultOf(file: string, each: Case, target: Target, shared: Awaited<ReturnType<typeof prepareFile>>): Promise<Result> {
  const problems = await runCase(each, target, shared).catch((error: unknown) => [String(error)]);
  for (const problem of problems) console.log(`✗ ${file}: ${each.name}\n    ${problem}`);
  return { file, name: each.name, covers: each.covers ?? [], problems };
}

const [baseUrl = 'http://127.0.0.1:8080/fhir/R4', dataDir = './data', only = ''] = process.argv
  .slice(2)
  .filter((word) => !word.startsWith('--'));
const target = await targetAt(baseUrl, dataDir);
const results: Result[] = [];
for (const each of [...loadCases(), ...loadCases('security')]) {
  if (!each.file.includes(only)) continue;
  const shared = await prepareFile(each, target);
  for (const one of each.cases) if (one.needs === undefined) results.push(await resultOf(each.file, one, target, shared));
}
const failed = results.filter(({ problems }) => problems.length > 0);
console.log(`${results.length - failed.length} of ${results.length} cases hold`);
if (process.argv.includes('--record')) {
  const date = new Date().toISOString().slice(0, 10);
  mkdirSync(new URL('results/', import.meta.url), { recursive: true });
  writeFileSync(new URL(`results/${date}.json`, import.meta.url), `${JSON.stringify({ date, cases: results }, null, 2)}\n`);
}
process.exitCode = failed.length > 0 ? 1 : 0;
