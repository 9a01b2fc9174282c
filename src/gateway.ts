/** The composition root: the one place that names concrete stores and puts everything together. */
import { hostname } from 'node:os';
import { join } from 'node:path';
import manifest from '../package.json' with { type: 'json' };
import { verifyByIssuer } from './access/by-issuer.ts';
import { decideBy } from './access/decide-by.ts';
import { createIntrospection } from './access/introspection.ts';
import { fixedKeys, remoteKeys } from './access/keys.ts';
import { openLocalIssuer, openLocalSealer } from './access/local-key.ts';
import { createTokenVerifier, type TokenVerifier } from './access/tokens.ts';
import { type Audit, createAudit } from './audit/audit.ts';
import { type Login, loginRecord } from './audit/login.ts';
import { openAuditQueue } from './audit/queue.ts';
import { startAuditRelay } from './audit/relay.ts';
import { ROOT_KEY, ROOT_TYPE } from './audit/roots.ts';
import { startWatchingWrites } from './audit/watch-writes.ts';
import { openWitness } from './audit/witness.ts';
import { addDemo, DEMO_RESOURCES } from './authorization/demo.ts';
import { type AuthorizationServer, openAuthorizationServer } from './authorization/open.ts';
import type { AuthorizationEvent } from './authorization/settings.ts';
import { hasDemo, hasOwnAuthorization, withDatabase } from './config/load.ts';
import type { Config } from './config/options.ts';
import type { Definitions } from './definitions/definitions.ts';
import { loadDefinitions } from './definitions/load.ts';
import { createApp } from './http/app.ts';
import { createEdge } from './http/edge.ts';
import { edgeMetrics } from './http/edge-metrics.ts';
import { listenForMetrics } from './http/metrics-listener.ts';
import { createObserve } from './http/observe.ts';
import { type Listening, listen } from './http/serve.ts';
import { createRequestsUnderWay } from './http/under-way.ts';
import { assembleContext } from './interactions/assemble.ts';
import { DEFAULT_LIMITS } from './interactions/context.ts';
import { createPatientFinder, putIfMissing } from './interactions/find-patients.ts';
import type { InnerRequests } from './interactions/inner-request.ts';
import { createIndexKeeper } from './jobs/index-keeper.ts';
import { createJobs } from './jobs/jobs.ts';
import { withParameterRules } from './jobs/parameter-rules.ts';
import { unavailable } from './model/error.ts';
import { identityOf } from './model/resource.ts';
import { isServersOwn } from './model/servers-own.ts';
import { createUlids } from './model/ulid.ts';
import { createAccessExplainOperation } from './operations/access-explain.ts';
import { aggregate } from './operations/aggregate.ts';
import type { Comparison } from './operations/benchmark/measure.ts';
import { createBenchmarkOperation } from './operations/benchmark.ts';
import { createBenchmarkStatusOperation } from './operations/benchmark-status.ts';
import { encounterEverything, patientEverything } from './operations/everything.ts';
import { explain } from './operations/explain.ts';
import { createLaunchOperation } from './operations/launch.ts';
import { observationLastn } from './operations/observation-lastn.ts';
import { createRecordShardOperation } from './operations/record-shard.ts';
import { createOperationRegistry } from './operations/registry.ts';
import { createReindexOperation } from './operations/reindex.ts';
import { createReindexStatusOperation } from './operations/reindex-status.ts';
import { createReplicaOperation } from './operations/replica.ts';
import { createShardOperation } from './operations/shard.ts';
import { validate } from './operations/validate.ts';
import { createLiveSearch } from './search/parameters/live-search.ts';
import { createSearchRegistry } from './search/parameters/registry.ts';
import { createPageTokens } from './search/plan/page-token.ts';
import type { MemberDrill } from './store/administration.ts';
import { createCancellableStore } from './store/cancellable-store.ts';
import { createMeasuredStore } from './store/measured-store.ts';
import { startGatewayClock } from './store/mongo/gateways.ts';
import { migrateMongo } from './store/mongo/migrate.ts';
import { createMongoStore, type MongoStore } from './store/mongo/mongo-store.ts';
import { createReindexJobs } from './store/mongo/reindex-jobs.ts';
import { sharedSecret } from './store/mongo/shared-secret.ts';
import { storeOf } from './store/placement/placement.ts';
import { createPlacementStore } from './store/placement/placement-store.ts';
import { startRecovery } from './store/placement/recovery.ts';
import { createPlacementReindex } from './store/placement/reindex.ts';
import { startSweeping } from './store/placement/sweep.ts';
import { type CommitStep, createTwoPhaseCommit } from './store/placement/two-phase.ts';
import { createPostgresStore, type PostgresStore } from './store/postgres/postgres-store.ts';
import { type Readiness, readinessOf } from './store/readiness.ts';
import { createRecallingStore } from './store/recent-versions.ts';
import type { HistoryPosition, ResourceStore } from './store/store.ts';
import { storeMetrics } from './store/store-metrics.ts';
import { createTimedStore } from './store/timed-store.ts';
import { createWatchedStore } from './store/watched-store.ts';
import { createLogger, type Logger } from './telemetry/logger.ts';
import { createMetrics } from './telemetry/metrics.ts';
import { createRequestTiming } from './telemetry/request-timing.ts';
import { createValidator } from './validation/validate.ts';

export interface Gateway {
  /** Starts to answer. `url` is the base URL. @throws Error when the port is taken */
  listen(): Promise<{ readonly url: string }>;
  /** Lets requests under way end, then closes the stores. Safe to call when it never listened. */
  close(): Promise<void>;
}

export interface GatewayTrials {
  /** Of the embedded cluster: makes its members fail, for `$replica`. */
  readonly drill?: MemberDrill;
  /** Called at each step of a two-phase commit; fault tests kill the process there. */
  readonly onCommitStep?: (step: CommitStep) => void;
}

const BENCHMARKS_REMEMBERED = 20;
/** Of recent versions kept in memory to spare updates a read: some 10,000 resources. */
const RECALLED_CHARACTERS = 16 * 1024 * 1024;
/** For the answers of requests that were stopped when the gateway ends. */
const LAST_WORDS_MS = 500;
/** How long a search for audit events, or the end, waits until what is on disk is in the database. */
const AUDIT_PATIENCE_MS = 3_000;

/** Connects the stores, migrates them, finishes what a crash left prepared, and gives the gateway, not yet listening. */
export async function createGateway(config: Config, trials: GatewayTrials = {}): Promise<Gateway> {
  const log = createLogger({ level: config.logLevel });
  const definitions = loadDefinitions();
  const newUlid = createUlids();
  const { clinical, administrative } = await openStores(config, definitions, log);
  const place = config.connect ? `${hostname()}-${config.port}`.replaceAll(/[^\w-]/g, '-') : 'embedded';
  const clock = await startGatewayClock(clinical.collections, {
    place,
    newUlid,
    now: Date.now,
    shards: clinical.shards,
    log: (message, error) => log.warn(message, { error }),
  });
  const twoPhase = createTwoPhaseCommit({ clinical, administrative, gatewayId: clock.gatewayId, newUlid, onStep: trials.onCommitStep });
  const recovery = await startRecovery({
    clinical,
    administrative,
    gatewayId: clock.gatewayId,
    underWay: twoPhase.underWay,
    goneAmong: clock.goneAmong,
    log: (message, detail) => log.warn(message, detail),
  });
  const sweeping = startSweeping({ clinical, administrative, now: Date.now, log: (message, error) => log.warn(message, { error }) });
  const jobs = createJobs<readonly Comparison[]>({
    newId: newUlid,
    remember: BENCHMARKS_REMEMBERED,
    log: (message, error) => log.error(message, { error }),
  });

  const administration = { clinical: clinical.administration, administrative: administrative.administration, drill: trials.drill };
  const underWay = createRequestsUnderWay();
  const edge = createEdge(config, log);
  const metrics = createMetrics([...edgeMetrics(edge, underWay), ...storeMetrics(administration, twoPhase.counts)]);
  const measured = {
    clinical: { ...clinical, ...createMeasuredStore(clinical, (...call) => metrics.stored('mongodb', ...call)) },
    administrative: { ...administrative, ...createMeasuredStore(administrative, (...call) => metrics.stored('postgresql', ...call)) },
  };
  const live = createLiveSearch(definitions, { baseUrl: config.baseUrl });
  const audit = config.audit ? await startAudit(config, place, administrative, newUlid, log) : undefined;
  const auditStore = administrative.auditStore({
    entriesOf: (resource, key) => live.indexer.entries(resource, key),
    catchUp: async () => audit?.relay.flush(AUDIT_PATIENCE_MS).catch(() => undefined),
  });
  const stores = createPlacementStore({ ...measured, audit: auditStore, types: definitions.resourceTypes, twoPhase });
  const parameterRules = { definitions, builtIn: createSearchRegistry(definitions) };
  const keeper = createIndexKeeper({
    resources: stores,
    live,
    rules: parameterRules,
    jobs: createReindexJobs(clinical.collections, Date.now),
    store: createPlacementReindex(clinical.reindexing, administrative.reindexing),
    announce: clock.announce,
    allKnow: clock.allKnow,
    holder: clock.gatewayId,
    now: Date.now,
    log: (message, detail) => log.info(message, detail),
  });
  const watch =
    audit &&
    startWatchingWrites({
      sink: administrative.auditSink,
      relay: audit.relay,
      versionsMade: (from, until) => versionsMade(stores, definitions.resourceTypes, from, until),
      keep: audit.audit.keep,
      now: Date.now,
      log: (message, detail) => log.warn(message, detail),
    });
  await keeper.refresh();
  keeper.start();
  const isResourceType = (type: string) => definitions.isResourceType(type);
  const authorization = hasOwnAuthorization(config)
    ? await openAuthorization(
        config,
        isResourceType,
        administrative,
        log,
        () => inner,
        () => operations.described.map(({ name }) => name),
        audit?.audit,
      )
    : undefined;
  const operations = createOperationRegistry([
    validate,
    patientEverything,
    encounterEverything,
    observationLastn,
    aggregate,
    explain,
    createAccessExplainOperation({ decide: (principal) => decide(principal), verify: (token) => verifier.verify(token) }),
    createShardOperation(administration),
    createRecordShardOperation(administration),
    createReplicaOperation(administration, (message, detail) => log.warn(message, detail)),
    createBenchmarkOperation(administration, jobs),
    createBenchmarkStatusOperation(jobs),
    ...(authorization ? [createLaunchOperation(authorization.launches.create)] : []),
    createReindexOperation(keeper.jobs),
    createReindexStatusOperation(keeper.jobs),
  ]);
  const timing = createRequestTiming();
  const context = assembleContext(
    {
      store: createRecallingStore(
        createTimedStore(
          createCancellableStore(
            createWatchedStore(stores, 'SearchParameter', () =>
              keeper.refresh().catch((error) => log.warn('parameters not read', { error })),
            ),
            underWay.current,
          ),
          timing.inStore,
        ),
        RECALLED_CHARACTERS,
      ),
      definitions,
      validator: withParameterRules(createValidator(definitions), parameterRules, keeper.registered),
      indexer: live.indexer,
      search: { registry: live.registry, baseUrl: config.baseUrl, now: Date.now, mostHops: config.maxChainHops },
      pageTokens: createPageTokens(await sharedSecret(clinical.collections)),
      now: Date.now,
      newUlid,
      beginWrite: clock.beginWrite,
      watermark: clock.watermark,
      limits: { ...DEFAULT_LIMITS, maxDepth: config.maxJsonDepth, maxBundleEntries: config.maxBundleEntries },
      software: { name: 'Meridian', version: manifest.version, releaseDate: manifest.releaseDate },
      log,
      referentialIntegrity: config.referentialIntegrity === 'enforce',
      ...(authorization && { oauth: authorization.endpoints }),
    },
    operations.described,
    operations.find,
  );
  const decide = decideBy(definitions, context.search);
  const verifier = await createVerifier(config, definitions, log);
  const inner: InnerRequests = { context, decide, baseUrl: config.baseUrl, client: 'authorization-server' };
  let isClosing = false;
  const readiness = async (): Promise<Readiness> =>
    isClosing ? { status: 'not ready', troubled: [] } : readinessOf(clinical, administrative);
  const isReady = async () => (await readiness()).status !== 'not ready';
  const app = createApp({
    context,
    basePath: new URL(config.baseUrl).pathname,
    publicUrl: config.trustForwarded ? undefined : config.baseUrl,
    trustForwarded: config.trustForwarded,
    maxBodyBytes: config.maxBodyBytes,
    maxBundleBytes: config.maxBundleBytes,
    verifier,
    decide,
    readiness,
    isSecure: config.tlsCert !== undefined,
    audit: audit?.audit,
    timing,
    underWay,
    admission: edge.admission,
    rates: edge.rates,
    requestTimeoutMs: config.requestTimeoutMs,
    bundleTimeoutMs: config.bundleTimeoutMs,
    compressFrom: config.compressFrom,
    ...(authorization && { authorization }),
    metrics,
    observe: createObserve(metrics.answered, log),
  });

  let listening: Listening | undefined;
  let metricsListening: { close(): void } | undefined;
  return {
    async listen() {
      const tls = config.tlsCert && config.tlsKey ? { certFile: config.tlsCert, keyFile: config.tlsKey } : undefined;
      listening = await listen(app, {
        hostname: config.host,
        port: config.port,
        ...(tls && { tls }),
        front: edge.cors,
        receiveTimeoutMs: config.bundleTimeoutMs,
        onProblem: (message, error) => log.error(message, { error }),
      });
      authorization?.warmUp().catch((error: unknown) => log.error('the authorization server can not be loaded', { error }));
      if (config.metricsPort > 0)
        metricsListening = await listenForMetrics({ hostname: config.metricsHost, port: config.metricsPort, metrics, isReady });
      return { url: config.baseUrl };
    },
    async close() {
      isClosing = true;
      // What is cut off at the end is stopped in the stores as well.
      const stopping = setTimeout(() => underWay.stopAll(unavailable('the server is shutting down')), config.drainTimeoutMs);
      await listening?.close(config.drainTimeoutMs + LAST_WORDS_MS);
      clearTimeout(stopping);
      edge.close();
      metricsListening?.close();
      await Promise.all([jobs.close(), keeper.stop(), recovery.stop(), sweeping.stop()]);
      await watch?.stop();
      await audit?.close();
      await clock.close();
      await Promise.all([clinical.close(), administrative.close()]);
    },
  };
}

/** Puts requests on record and carries the records to PostgreSQL. The folder is this gateway's alone: one runs at each place. */
async function startAudit(config: Config, place: string, { auditSink }: PostgresStore, newUlid: () => string, log: Logger) {
  const folder = join(config.dataDir, 'audit', place);
  const maxBytes = config.auditQueueMb * 1024 * 1024;
  const onError = (error: unknown) => log.error('the audit queue could not be brought to the disk', { error });
  const queue = openAuditQueue({ folder, maxBytes, syncEveryMs: config.auditSyncMs, onError });
  const { seal } = await openLocalSealer(config.dataDir, ROOT_KEY);
  const relay = await startAuditRelay({
    queue,
    witness: openWitness(folder),
    sink: auditSink,
    sign: (root) => seal(root, ROOT_TYPE),
    now: Date.now,
    newUlid,
    log: (message, detail) => log.error(message, detail),
  });
  return {
    audit: createAudit({ queue, maxBytes, now: Date.now, log: (message, detail) => log.error(message, detail) }),
    relay,
    close: async () => {
      await relay.close(AUDIT_PATIENCE_MS);
      queue.close();
    },
  };
}

const VERSIONS_AT_ONCE = 500;

/** All versions that clients made in a period, newest first. */
async function* versionsMade(store: ResourceStore, all: readonly string[], since: number, until: number) {
  const types = all.filter((type) => !isServersOwn(type));
  for (let after: HistoryPosition | undefined; ; ) {
    const page = await store.history({ types, since, until, limit: VERSIONS_AT_ONCE, ...(after && { after }) });
    yield page;
    const last = page.at(-1);
    if (!last || page.length < VERSIONS_AT_ONCE) return;
    after = { at: last.at, identity: identityOf(last), version: last.version };
  }
}

/** Both stores, connected and migrated. */
async function openStores(
  config: Config,
  definitions: Definitions,
  log: Logger,
): Promise<{ clinical: MongoStore; administrative: PostgresStore }> {
  const members = definitions.compartments.Patient ?? {};
  const clinical = await createMongoStore({
    uri: withDatabase(config.mongodbUri ?? ''),
    types: definitions.resourceTypes.filter((type) => storeOf(type) === 'clinical'),
    isOwnerType: (type) => type === 'Patient' || !Object.hasOwn(members, type),
  });
  const administrative = createPostgresStore({
    url: config.databaseUrl ?? '',
    replicaUrls: config.databaseReplicaUrls,
    log: (message) => log.warn(message, { store: 'postgres' }),
  });
  await Promise.all([migrateMongo(clinical.collections.client, clinical.collections.databaseName), administrative.migrate()]);
  return { clinical, administrative };
}

/** Tokens of the configured identity provider, or of the key that was made at first start; or both. */
async function createVerifier(config: Config, definitions: Definitions, log: Logger): Promise<TokenVerifier> {
  const { introspectionUrl: url, introspectionClientId: clientId = '', introspectionClientSecret: clientSecret = '' } = config;
  const introspect = url ? createIntrospection({ url, clientId, clientSecret }) : undefined;
  const rules = { audience: config.audience, isResourceType: (type: string) => definitions.isResourceType(type), introspect };
  const ofLocalKey = async (issuer: string) => {
    const local = await openLocalIssuer(config.dataDir);
    return createTokenVerifier({ ...rules, issuer, keys: fixedKeys(local.jwks) });
  };
  if (!config.jwksUrl) return ofLocalKey(config.issuer);
  const keys = remoteKeys({
    url: config.jwksUrl,
    cacheFile: join(config.dataDir, 'jwks-cache.json'),
    onCacheProblem: (error) => log.warn('the keys of the identity provider could not be kept on disk', { error }),
  });
  const ofProvider = createTokenVerifier({ ...rules, issuer: config.issuer, keys });
  if (!hasOwnAuthorization(config)) return ofProvider;
  const own = ownIssuer(config);
  return verifyByIssuer(new Map([[own, await ofLocalKey(own)]]), ofProvider);
}

/** With an identity provider, whose name is the configured issuer, the embedded server goes by its own address. */
const ownIssuer = (config: Config): string => (config.jwksUrl ? new URL(config.baseUrl).origin : config.issuer);

/** What of the authorization server's doings is put on record: a login that can't be is not granted. */
const LOGINS: Partial<Record<AuthorizationEvent['kind'], Login>> = {
  login: { interaction: 'login', status: 200 },
  'login-refused': { interaction: 'login', status: 401 },
  logout: { interaction: 'logout', status: 200 },
};

/** The embedded authorization server; demo accounts only where nobody but this machine can reach them. */
async function openAuthorization(
  config: Config,
  isResourceType: (type: string) => boolean,
  { authorization: store }: PostgresStore,
  log: Logger,
  inner: () => InnerRequests,
  operationNames: () => readonly string[],
  audit: Audit | undefined,
): Promise<AuthorizationServer> {
  const allowDemo = hasDemo(config);
  if (!allowDemo) await store.removeDemo();
  return openAuthorizationServer({
    store,
    issuer: await openLocalIssuer(config.dataDir),
    issuerUrl: ownIssuer(config),
    fhirBaseUrl: config.audience,
    isResourceType,
    operations: operationNames,
    findPatients: (text, user) => createPatientFinder(inner()).find(text, user),
    readPatient: (id, user) => createPatientFinder(inner()).read(id, user),
    privateKeyOrigins: config.privateKeyOrigins.map((url) => new URL(url).origin),
    allowDemo,
    beforeFirstUse: async () => {
      if (!allowDemo) return;
      await addDemo(store);
      for (const resource of DEMO_RESOURCES) await putIfMissing(inner(), resource);
    },
    now: Date.now,
    report: ({ kind, error, ...event }: AuthorizationEvent) => {
      if (kind === 'error') log.error('the authorization server failed', { error });
      else log.info(`authorization: ${kind}`, { ...event });
      const login = LOGINS[kind];
      if (login) audit?.keep(loginRecord(login, event));
    },
  });
}
