/**
 * What access costs a read by id: the token that was verified before, the decision, and the guard around the store. In one
 * process, over a store that answers at once; CPU, the same read without any of it taken off. No engine is needed.
 *
 *     node bench/access-cost.ts [reads a round]
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decideBy } from '../src/access/decide-by.ts';
import { guardStore } from '../src/access/guarded-store.ts';
import { fixedKeys } from '../src/access/keys.ts';
import { openLocalIssuer } from '../src/access/local-key.ts';
import { createTokenVerifier } from '../src/access/tokens.ts';
import { createRevocations } from '../src/authorization/revocations.ts';
import { loadDefinitions } from '../src/definitions/load.ts';
import { createAuthenticate } from '../src/http/middleware/authenticate.ts';
import type { ResourceVersion } from '../src/model/resource.ts';
import { createIndexer } from '../src/search/parameters/indexer.ts';
import { createSearchRegistry } from '../src/search/parameters/registry.ts';
import { createMemoryAuthorizationStore } from '../src/store/memory/authorization.ts';
import { createMemoryStore } from '../src/store/memory/memory-store.ts';
import { median, round } from './measure.ts';
import { observation } from './records.ts';

const ROUNDS = 7;
const TOKENS = 100;
const REVOKED = 1_000;
const BASE_URL = 'http://localhost/fhir/R4';

const definitions = loadDefinitions();
const registry = createSearchRegistry(definitions);
const folder = await mkdtemp(join(tmpdir(), 'meridian-access-cost-'));
const issuer = await openLocalIssuer(folder);
const revocations = createRevocations(createMemoryAuthorizationStore(), Date.now);
for (let n = 0; n < REVOKED; n++) await revocations.revoke('token', `gone-${n}`, Date.now() + 900_000);
const { verify } = createTokenVerifier({
  issuer: new URL(BASE_URL).origin,
  audience: BASE_URL,
  keys: fixedKeys(issuer.jwks),
  isResourceType: (type) => definitions.isResourceType(type),
  revoked: revocations,
});
const decide = decideBy(definitions, { registry, baseUrl: BASE_URL, now: Date.now });
const { identify, decideFor } = createAuthenticate({ verifier: { verify }, decide });
const authenticated = async (headers: { authorization: string }) => decideFor(await identify(headers), headers);

const key = { type: 'Observation', id: 'o1' };
const raw = JSON.stringify({ ...observation('p1', 'marker', 1), id: key.id });
const version = {
  ...key,
  rk: '',
  version: 1,
  at: 0,
  deleted: false,
  raw,
  by: { client: '', subject: '', request: '' },
  method: 'POST',
} as ResourceVersion;
const store = { ...createMemoryStore(), read: async () => version };
const guarded = guardStore(store, {
  indexer: createIndexer(registry, definitions, { baseUrl: BASE_URL }),
  definitions,
  baseUrl: BASE_URL,
  types: definitions.resourceTypes,
});

/** Headers of requests with different tokens of one kind, as a gateway that serves many gets them. */
const headersFor = (scope: string, patient?: string) =>
  Promise.all(
    Array.from({ length: TOKENS }, async (_, n) => {
      const token = await issuer.sign({ audience: BASE_URL, scope, subject: `s${n}`, ttlSeconds: 3600, ...(patient && { patient }) });
      return { authorization: `Bearer ${token}` };
    }),
  );

async function cpuMicroseconds(reads: number, read: (n: number) => Promise<unknown>): Promise<number> {
  const before = process.cpuUsage();
  for (let n = 0; n < reads; n++) await read(n);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / reads;
}

const reads = Number(process.argv[2] ?? 100_000);
for (const [name, scope, patient] of [
  ['system/*.cruds', 'system/*.cruds', undefined],
  ['user/*.rs', 'user/*.rs', undefined],
  ['patient/*.rs', 'patient/*.rs', 'p1'],
  ['patient/Observation.rs?status=final', 'patient/Observation.rs?status=final', 'p1'],
] as const) {
  const headers = await headersFor(scope, patient);
  const bare = async (n: number) => (headers[n % TOKENS] as object) && store.read();
  const whole = async (n: number) => guarded.read(key, (await authenticated(headers[n % TOKENS] as { authorization: string })).access);
  if (!(await whole(0))) throw new Error(`${name} does not reach the Observation`);
  const [costs, plain]: readonly [number[], number[]] = [[], []];
  for (let turn = 0; turn <= ROUNDS; turn++) {
    const [without, withIt] = [await cpuMicroseconds(reads, bare), await cpuMicroseconds(reads, whole)];
    if (turn > 0) costs.push(withIt - without);
    if (turn > 0) plain.push(without);
  }
  const [least, most] = [Math.min(...costs), Math.max(...costs)];
  console.log(
    `${name}: ${round(median(costs), 2)} µs CPU a read (${round(least, 2)} to ${round(most, 2)}; the bare read is ${round(median(plain), 2)})`,
  );
}
await rm(folder, { recursive: true });
