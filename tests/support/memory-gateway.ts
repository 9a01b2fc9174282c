/** A gateway over HTTP on the memory store: for tests of everything above the stores. */

import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monotonicFactory } from 'ulid';
import { createForge, type Forge } from '../../conformance/runner/forge.ts';
import type { TokenContext } from '../../conformance/runner/send.ts';
import { createAuthors } from '../../src/access/consent/authors.ts';
import { decideBy } from '../../src/access/decide-by.ts';
import { fixedKeys } from '../../src/access/keys.ts';
import { openLocalIssuer } from '../../src/access/local-key.ts';
import { createTokenVerifier } from '../../src/access/tokens.ts';
import { resourceOperations } from '../../src/composition/operations.ts';
import { type OpenPrivacy, openPrivacy, type PrivacyParts } from '../../src/composition/privacy.ts';
import { loadDefinitions } from '../../src/definitions/load.ts';
import type { FieldEncryption } from '../../src/encryption/field-encryption.ts';
import { type AppOptions, createApp } from '../../src/http/app.ts';
import { createCors } from '../../src/http/middleware/cors.ts';
import { type ListenOptions, listen } from '../../src/http/serve.ts';
import { createRequestsUnderWay } from '../../src/http/under-way.ts';
import { assembleContext } from '../../src/interactions/assemble.ts';
import { DEFAULT_LIMITS, type InteractionServices } from '../../src/interactions/context.ts';
import { withConsentRules } from '../../src/jobs/consent-rules.ts';
import { createErasureKeeper, type ErasureKeeper } from '../../src/jobs/erasure-keeper.ts';
import { type FullText, fullTextParameters } from '../../src/jobs/full-text.ts';
import { createIndexKeeper, type IndexKeeper } from '../../src/jobs/index-keeper.ts';
import { withParameterRules } from '../../src/jobs/parameter-rules.ts';
import { recordKeyOf } from '../../src/model/record-key.ts';
import { createOperationRegistry } from '../../src/operations/registry.ts';
import { createLiveSearch } from '../../src/search/parameters/live-search.ts';
import { createSearchRegistry } from '../../src/search/parameters/registry.ts';
import { createPageTokens } from '../../src/search/plan/page-token.ts';
import type { ErasureJob } from '../../src/store/erasure.ts';
import { createCancellableStore } from '../../src/store/layers/cancellable-store.ts';
import { createClosedRecordsStore } from '../../src/store/layers/closed-records.ts';
import { createRecallingStore } from '../../src/store/layers/recent-versions.ts';
import { createSealedReindex, createSealedStore } from '../../src/store/layers/sealed-store.ts';
import { createWaitingStore } from '../../src/store/layers/waiting-store.ts';
import { createWatchedStore } from '../../src/store/layers/watched-store.ts';
import { createMemoryJobs } from '../../src/store/memory/leased-jobs.ts';
import { createMemoryStore } from '../../src/store/memory/memory-store.ts';
import type { ReindexJob } from '../../src/store/reindex.ts';
import type { ResourceStore } from '../../src/store/store.ts';
import { createValidator } from '../../src/validation/validate.ts';

export interface ServedGateway {
  readonly baseUrl: string;
  /** A token with that scope, for a client of that name. */
  token(scope: string, client?: string, context?: TokenContext): Promise<string>;
  readonly forge: Forge;
  /** Unknown errors that were logged: a test ends with none. */
  readonly failures: readonly object[];
  /** Lets requests under way end for so long, by default a tenth of a second. */
  close(graceMs?: number): Promise<void>;
}

/** Where references are told to be local; independent of the port, which is not known beforehand. */
const INDEXED_BASE_URL = 'http://localhost/fhir/R4';
const BASE_PATH = '/fhir/R4';
const AUDIENCE = INDEXED_BASE_URL;
const RECALLED_CHARACTERS = 1_000_000;

export type GatewayChanges = Partial<InteractionServices> &
  Partial<Omit<AppOptions, 'context' | 'verifier' | 'publicUrl'>> & {
    readonly serve?: Partial<ListenOptions>;
    readonly fullText?: FullText;
    /** Identifiers are encrypted in the store. */
    readonly encryption?: FieldEncryption;
    readonly privacy?: Partial<PrivacyParts['config']>;
    readonly erasureHeardAfterMs?: () => number;
  };

/** Everything real but the store; `changes` replaces services and options. */
export async function serveMemoryGateway(changes: GatewayChanges = {}): Promise<ServedGateway> {
  const failures: object[] = [];
  const report = (message: string, details?: object) => failures.push({ message, ...details });
  const { keeper, erasures, privacy, ...made } = memoryServices(
    report,
    changes.fullText,
    changes.encryption,
    changes.privacy,
    changes.erasureHeardAfterMs,
  );
  const services = { ...made, ...changes };
  const { folder, issuer, remove } = await testIssuer();
  const isResourceType = (type: string) => services.definitions.isResourceType(type);
  const decide = decideBy(services.definitions, services.search);
  const verifier = createTokenVerifier({
    issuer: new URL(AUDIENCE).origin,
    audience: AUDIENCE,
    keys: fixedKeys(issuer.jwks),
    isResourceType,
  });
  const operations = createOperationRegistry(
    resourceOperations({
      definitions: services.definitions,
      decide,
      restrictionsWith: privacy.restrictionsWith,
      verifier,
      deidentificationKey: randomBytes(32),
      erasures,
      reindexing: keeper,
      textForm: changes.encryption?.form,
    }),
  );
  await keeper.refresh();
  keeper.start();
  erasures.start();
  await privacy.keeper.refresh();
  const underWay = changes.underWay ?? createRequestsUnderWay();
  const store = createRecallingStore(createCancellableStore(services.store, underWay.current), RECALLED_CHARACTERS);
  const context = assembleContext({ ...services, store }, operations.described, operations.find);
  const app = createApp({
    context,
    basePath: BASE_PATH,
    trustForwarded: false,
    maxBodyBytes: 16 * 1024 * 1024,
    maxBundleBytes: 64 * 1024 * 1024,
    decide,
    restrictionsOf: privacy.restrictionsOf,
    readiness: async () => ({ status: 'ready', troubled: [] }),
    ...changes,
    underWay,
    verifier,
  });
  const cors = createCors({ origins: [], isPublic: (path) => path === `${BASE_PATH}/metadata` });
  const listening = await listen(app, { hostname: '127.0.0.1', port: 0, front: cors, ...changes.serve });
  const tokens = new Map<string, Promise<string>>();
  const token = (scope: string, client = 'test', context: TokenContext = {}) => {
    const name = JSON.stringify([client, scope, context]);
    const made = tokens.get(name) ?? issuer.sign({ audience: AUDIENCE, scope, subject: client, ttlSeconds: 3600, ...context });
    tokens.set(name, made);
    return made;
  };
  return {
    baseUrl: `${changes.serve?.tls ? 'https' : 'http'}://127.0.0.1:${listening.port}${BASE_PATH}`,
    failures,
    token,
    forge: await createForge(folder, AUDIENCE),
    close: async (graceMs = 100) => {
      await listening.close(graceMs);
      await keeper.stop();
      await erasures.stop();
      await remove();
    },
  };
}

/** Services on an empty memory store. */
export function memoryServices(
  report: (message: string, details?: object) => void,
  fullText: FullText = 'off',
  encryption?: FieldEncryption,
  privacyConfig: Partial<PrivacyParts['config']> = {},
  erasureHeardAfterMs = () => 3_000,
): InteractionServices & { readonly keeper: IndexKeeper; readonly erasures: ErasureKeeper; readonly privacy: OpenPrivacy } {
  const definitions = loadDefinitions();
  const { identifiers, redact, hidden } = encryption ?? {};
  const live = createLiveSearch(definitions, { baseUrl: INDEXED_BASE_URL, identifiers, redact });
  const rules = { definitions, builtIn: createSearchRegistry(definitions), hidden };
  const memory = createMemoryStore();
  const resources = encryption ? createSealedStore(memory, encryption) : memory;
  const keeper = createIndexKeeper({
    resources,
    live,
    rules,
    configured: fullTextParameters(fullText, definitions),
    jobs: createMemoryJobs<ReindexJob>(),
    store: encryption ? createSealedReindex(memory.reindexing, memory.texts, encryption) : memory.reindexing,
    announce: () => {},
    allKnow: async () => true,
    holder: 'memory',
    now: Date.now,
    log: () => {},
  });
  let last = 0;
  const erasures = createErasureKeeper({
    jobs: createMemoryJobs<ErasureJob>(),
    resources,
    erasure: memory.erasure,
    indexer: live.indexer,
    definitions,
    now: Date.now,
    watermark: Date.now,
    heardAfterMs: erasureHeardAfterMs,
    holder: 'memory',
    storeOf: () => 'memory',
    placesOf: (patient) => [recordKeyOf(patient)],
    isBeingMoved: async () => false,
    seal: async (statement) => JSON.stringify(statement),
    record: () => {},
    forget: () => {},
    log: () => {},
  });
  let areLabelsInUse = false;
  const privacy = openPrivacy({
    config: { baseUrl: INDEXED_BASE_URL, consentDefault: 'permit', securityLabels: '', breakGlassMinutes: 60, ...privacyConfig },
    definitions,
    registry: live.registry,
    resources,
    labelUse: {
      areInUse: async () => areLabelsInUse,
      use: async () => {
        areLabelsInUse = true;
      },
    },
    tell: () => {},
    allKnow: async () => true,
    watermark: () => 0,
    now: Date.now,
    log: () => {},
  });
  const waiting = createWaitingStore(createClosedRecordsStore(unhurried(resources), erasures.isClosed), privacy.keeper.beforeCommit);
  return {
    keeper,
    erasures,
    privacy,
    store: createWatchedStore(waiting, [
      { isWatched: ({ type }) => type === 'SearchParameter', onWritten: keeper.refresh },
      { isWatched: privacy.keeper.isWatched, onWritten: privacy.keeper.refresh },
    ]),
    definitions,
    validator: withConsentRules(withParameterRules(createValidator(definitions), rules, keeper.registered), {
      baseUrl: INDEXED_BASE_URL,
      isResourceType: (type) => definitions.isResourceType(type),
      untoldAuthors: createAuthors(live.registry, definitions).untold,
    }),
    indexer: live.indexer,
    search: { registry: live.registry, baseUrl: INDEXED_BASE_URL, now: Date.now },
    pageTokens: createPageTokens(randomBytes(32)),
    now: Date.now,
    newUlid: monotonicFactory(),
    beginWrite: (previousAt = 0) => {
      last = Math.max(Date.now(), last + 1, previousAt + 1);
      return { at: last, end: () => {} };
    },
    watermark: () => last,
    limits: DEFAULT_LIMITS,
    log: { error: report },
    software: { name: 'Meridian', version: '0.0.0', releaseDate: '2026-01-01' },
    referentialIntegrity: false,
  };
}

/** Lets other requests in between a read and what is made of it, as a store over a network does. */
function unhurried(store: ResourceStore): ResourceStore {
  const late = async <T>(result: Promise<T>): Promise<T> => {
    const value = await result;
    await new Promise((resolve) => setImmediate(resolve));
    return value;
  };
  return {
    ...store,
    read: (key) => late(store.read(key)),
    search: (search) => late(store.search(search)),
    findIdempotency: (key) => late(store.findIdempotency(key)),
  };
}

async function testIssuer() {
  const folder = await mkdtemp(join(tmpdir(), 'meridian-test-'));
  const issuer = await openLocalIssuer(folder);
  return { folder, issuer, remove: () => rm(folder, { recursive: true, force: true }) };
}
