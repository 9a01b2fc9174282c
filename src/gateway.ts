/** The composition root: puts everything together. `composition/` has its larger parts. */
import manifest from '../package.json' with { type: 'json' };
import { decideBy } from './access/decide-by.ts';
import type { Principal } from './access/principal.ts';
import { createRevocations } from './authorization/revocations.ts';
import { AUDIT_PATIENCE_MS, startAudit, watchWrites } from './composition/audit.ts';
import { openAuthorization } from './composition/authorization.ts';
import { openCommitGround } from './composition/commit-ground.ts';
import { startCommits } from './composition/commits.ts';
import { deidentificationKey } from './composition/deidentification.ts';
import { openEncryption } from './composition/encryption.ts';
import { openErasures } from './composition/erasures.ts';
import { createListeners } from './composition/listeners.ts';
import { openPrivacy } from './composition/privacy.ts';
import { openProver } from './composition/prover.ts';
import { openResources } from './composition/resources.ts';
import { openStores } from './composition/stores.ts';
import { createVerifier } from './composition/tokens.ts';
import { traced, tracedAnswers, tracingOf } from './composition/tracing.ts';
import { hasOwnAuthorization } from './config/load.ts';
import type { Config } from './config/options.ts';
import { loadDefinitions } from './definitions/load.ts';
import { sealQueryBy } from './encryption/sealed-query.ts';
import { createApp } from './http/app.ts';
import { createConsistency } from './http/consistency.ts';
import { createEdge } from './http/edge.ts';
import { edgeMetrics } from './http/edge-metrics.ts';
import { createObserve } from './http/observe.ts';
import { createRequestsUnderWay } from './http/under-way.ts';
import { assembleContext } from './interactions/assemble.ts';
import { DEFAULT_LIMITS } from './interactions/context.ts';
import type { InnerRequests } from './interactions/inner-request.ts';
import { zonesBy } from './interactions/regions.ts';
import { withConsentRules } from './jobs/consent-rules.ts';
import { createJobs } from './jobs/jobs.ts';
import { withParameterRules } from './jobs/parameter-rules.ts';
import { unavailable } from './model/error.ts';
import { createUlids } from './model/ulid.ts';
import { createAccessExplainOperation } from './operations/access-explain.ts';
import { aggregate } from './operations/aggregate.ts';
import { openBench } from './operations/benchmark/bench.ts';
import type { BenchmarkReport } from './operations/benchmark/report.ts';
import { createBenchmarkOperation } from './operations/benchmark.ts';
import { createBenchmarkStatusOperation } from './operations/benchmark-status.ts';
import { createDeidentifyOperation } from './operations/de-identify.ts';
import { encounterEverything, patientEverything } from './operations/everything.ts';
import { explain } from './operations/explain.ts';
import { createExpungeOperation } from './operations/expunge.ts';
import { createExpungeStatusOperation } from './operations/expunge-status.ts';
import { createLaunchOperation } from './operations/launch.ts';
import { observationLastn } from './operations/observation-lastn.ts';
import { createRecordShardOperation } from './operations/record-shard.ts';
import { createOperationRegistry } from './operations/registry.ts';
import { createReindexOperation } from './operations/reindex.ts';
import { createReindexStatusOperation } from './operations/reindex-status.ts';
import { createReplicaOperation } from './operations/replica.ts';
import { createShardOperation } from './operations/shard.ts';
import { validate } from './operations/validate.ts';
import { createPageTokens } from './search/plan/page-token.ts';
import type { MemberDrill } from './store/administration.ts';
import { createCancellableStore } from './store/cancellable-store.ts';
import { createClosedRecordsStore } from './store/closed-records.ts';
import { createBenchmarkRuns } from './store/mongo/benchmark-runs.ts';
import { createLabelUse } from './store/mongo/label-use.ts';
import { sharedSecret } from './store/mongo/shared-secret.ts';
import type { CommitStep } from './store/placement/two-phase.ts';
import { ADMINISTRATIVE_TABLES, mainKeyOf } from './store/postgres/business-date.ts';
import { createReadTerms } from './store/read-terms.ts';
import { type Readiness, readinessOf } from './store/readiness.ts';
import { createRecentShapes, createShapedStore } from './store/recent-shapes.ts';
import { createRecallingStore } from './store/recent-versions.ts';
import { storeMetrics } from './store/store-metrics.ts';
import { createTimedStore } from './store/timed-store.ts';
import { createWaitingStore } from './store/waiting-store.ts';
import { createWatchedStore } from './store/watched-store.ts';
import { createLogger } from './telemetry/logger.ts';
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
/** For `$shard?what-if`. */
const SHAPES_REMEMBERED = 10_000;
/** Of recent versions kept in memory to spare updates a read: some 10,000 resources. */
const RECALLED_CHARACTERS = 16 * 1024 * 1024;
/** For the answers of requests that were stopped when the gateway ends. */
const LAST_WORDS_MS = 500;

/** Connects the stores, migrates them, finishes what a crash left prepared, and gives the gateway, not yet listening. */
export async function createGateway(config: Config, trials: GatewayTrials = {}): Promise<Gateway> {
  const log = createLogger({ level: config.logLevel });
  const definitions = loadDefinitions();
  const newUlid = createUlids();
  const readTerms = createReadTerms();
  const both = await openStores(config, definitions, log, readTerms.current);
  const { clinical, administrative } = both;
  const encryption = await openEncryption(config, both, log);
  const revocations = hasOwnAuthorization(config) ? createRevocations(administrative.authorization, Date.now) : undefined;
  const commits = await startCommits(config, both, newUlid, log, trials.onCommitStep, revocations?.refresh);
  const { clock } = commits;
  const administration = {
    clinical: clinical.administration,
    administrative: administrative.administration,
    drill: trials.drill,
    openCommitGround: (run: string) => openCommitGround(config, both, run, newUlid, log),
  };
  const bench = openBench({
    jobs: createJobs<BenchmarkReport>({
      newId: newUlid,
      remember: BENCHMARKS_REMEMBERED,
      log: (message, error) => log.error(message, { error }),
    }),
    runs: createBenchmarkRuns(clinical.collections, Date.now),
    administration,
    now: Date.now,
    holder: clock.gatewayId,
    log: (message, error) => log.warn(message, { error }),
  });
  const prover = await openProver(config, both, newUlid, log);
  const underWay = createRequestsUnderWay();
  const edge = createEdge(config, log);
  const metrics = createMetrics([...edgeMetrics(edge, underWay), ...storeMetrics(administration, commits.twoPhase.counts)]);
  const audit = config.audit
    ? await startAudit(config, commits.place, administrative, newUlid, log, encryption && sealQueryBy(encryption.fields))
    : undefined;
  const catchUpAudit = async () => audit?.relay.flush(AUDIT_PATIENCE_MS).catch(() => undefined);
  const resources = await openResources({ config, definitions, log, metrics, encryption }, both, commits, catchUpAudit);
  const { keeper, live } = resources;
  const privacy = openPrivacy({
    config,
    definitions,
    registry: live.registry,
    resources: resources.stores,
    labelUse: createLabelUse(clinical.collections),
    tell: clock.tell,
    allKnow: clock.allKnow,
    watermark: clock.watermark,
    now: Date.now,
    log: (message, detail) => log.warn(message, detail),
  });
  const erasures = await openErasures({ config, definitions, log }, both, commits, resources, audit?.audit, () => recalling.forgetAll());
  const watch = audit && watchWrites(audit, administrative, resources.stores, definitions.resourceTypes, log);
  const isResourceType = (type: string) => definitions.isResourceType(type);
  const authorization = revocations
    ? await openAuthorization(
        config,
        isResourceType,
        administrative,
        log,
        () => inner,
        () => operations.described.map(({ name }) => name),
        audit?.audit,
        revocations,
        edge.rates,
      )
    : undefined;
  const businessDates = new Set(ADMINISTRATIVE_TABLES.flatMap((table) => mainKeyOf(table) ?? []));
  const shapes = createRecentShapes({ remember: SHAPES_REMEMBERED, businessDates, now: Date.now });
  const operations = createOperationRegistry([
    validate,
    patientEverything,
    encounterEverything,
    observationLastn,
    aggregate,
    explain,
    createAccessExplainOperation({
      decide: async (principal, glass) => decide(principal, await privacy.restrictionsWith(principal, glass)),
      verify: (token) => verifier.verify(token),
    }),
    createShardOperation(administration, (message, detail) => log.warn(message, detail), shapes.list),
    createRecordShardOperation(administration),
    createReplicaOperation(administration, (message, detail) => log.warn(message, detail), prover),
    createBenchmarkOperation(administration, bench),
    createBenchmarkStatusOperation(bench),
    ...(authorization ? [createLaunchOperation(authorization.launches.create)] : []),
    createDeidentifyOperation(definitions, await deidentificationKey(config, clinical)),
    createExpungeOperation({ ...erasures.services, refresh: erasures.refresh }),
    createExpungeStatusOperation(erasures.jobs),
    createReindexOperation(keeper.jobs, encryption?.awaits),
    createReindexStatusOperation(keeper.jobs),
  ]);
  const tracing = await tracingOf(config);
  const timing = tracing ?? createRequestTiming();
  const recalling = createRecallingStore(
    createTimedStore(
      createCancellableStore(
        createWatchedStore(
          createShapedStore(
            createWaitingStore(createClosedRecordsStore(resources.stores, erasures.isClosed), privacy.keeper.beforeCommit),
            shapes,
          ),
          {
            SearchParameter: () => keeper.refresh().catch((error) => log.warn('parameters not read', { error })),
            Consent: () => privacy.keeper.refresh().catch((error) => log.warn('consents not read', { error })),
          },
        ),
        underWay.current,
      ),
      timing.inStore,
    ),
    RECALLED_CHARACTERS,
  );
  await erasures.refresh();
  erasures.start();
  await privacy.keeper.refresh();
  privacy.keeper.start();
  const secret = await sharedSecret(clinical.collections);
  const context = assembleContext(
    {
      store: recalling,
      definitions,
      validator: withConsentRules(withParameterRules(createValidator(definitions), resources.parameterRules, keeper.registered), {
        baseUrl: config.baseUrl,
        isResourceType,
      }),
      indexer: live.indexer,
      search: {
        registry: live.registry,
        baseUrl: config.baseUrl,
        now: Date.now,
        mostHops: config.maxChainHops,
        mostAlternatives: config.maxSearchAlternatives,
      },
      pageTokens: createPageTokens(secret),
      now: Date.now,
      newUlid,
      ...(config.regions.length > 0 && { zoneOf: zonesBy(config.regions) }),
      beginWrite: clock.beginWrite,
      watermark: clock.watermark,
      limits: {
        ...DEFAULT_LIMITS,
        maxDepth: config.maxJsonDepth,
        maxBundleEntries: config.maxBundleEntries,
        maxSearchParameters: config.maxSearchParameters,
      },
      software: { name: 'Meridian', version: manifest.version, releaseDate: manifest.releaseDate },
      log,
      referentialIntegrity: config.referentialIntegrity === 'enforce',
      isCors: config.corsOrigins.length > 0,
      ...(authorization && { oauth: authorization.endpoints }),
    },
    operations.described,
    operations.find,
  );
  const decide = decideBy(definitions, context.search);
  const verifier = await createVerifier(config, definitions, log, revocations);
  const restrictionsOf = (principal: Principal) => privacy.restrictionsWith(principal, undefined);
  const inner: InnerRequests = { context, decide, restrictionsOf, baseUrl: config.baseUrl, client: 'authorization-server' };
  let isClosing = false;
  const readiness = async (): Promise<Readiness> =>
    isClosing ? { status: 'not ready', troubled: [] } : readinessOf(clinical, administrative);
  const isReady = async () => (await readiness()).status !== 'not ready';
  const app = createApp({
    context: tracing ? traced(context, tracing) : context,
    basePath: new URL(config.baseUrl).pathname,
    publicUrl: config.trustForwarded ? undefined : config.baseUrl,
    trustForwarded: config.trustForwarded,
    maxBodyBytes: config.maxBodyBytes,
    maxBundleBytes: config.maxBundleBytes,
    verifier,
    decide,
    restrictionsOf: privacy.restrictionsOf,
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
    consistency: createConsistency({
      preferences: {
        read: config.readPreferenceRead,
        search: config.readPreferenceSearch,
        history: config.readPreferenceHistory,
        operation: config.readPreferenceOperation,
      },
      terms: readTerms,
      latestState: clinical.latestState,
      secret,
    }),
    ...(authorization && { authorization }),
    metrics,
    observe: createObserve({ ...metrics, answered: tracing ? tracedAnswers(metrics.answered, tracing) : metrics.answered }, log),
  });

  const listeners = createListeners(config, app, { edge, metrics, isReady, log });
  return {
    async listen() {
      await listeners.listen();
      authorization?.warmUp().catch((error: unknown) => log.error('the authorization server can not be loaded', { error }));
      return { url: config.baseUrl };
    },
    async close() {
      isClosing = true;
      // What is cut off at the end is stopped in the stores as well.
      const stopping = setTimeout(() => underWay.stopAll(unavailable('the server is shutting down')), config.drainTimeoutMs);
      await listeners.close(config.drainTimeoutMs + LAST_WORDS_MS);
      clearTimeout(stopping);
      edge.close();
      await Promise.all([bench.close(), prover.close(), keeper.stop(), privacy.keeper.stop(), erasures.stop(), commits.stopRecovery()]);
      await watch?.stop();
      await audit?.close();
      await clock.close();
      await Promise.all([clinical.close(), administrative.close(), tracing?.close()]);
    },
  };
}
