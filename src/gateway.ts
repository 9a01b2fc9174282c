/** The composition root: puts everything together. `composition/` has its larger parts. */
import { decideBy } from './access/decide-by.ts';
import type { Principal } from './access/principal.ts';
import { createRevocations } from './authorization/revocations.ts';
import { openAdministration, restoringWith } from './composition/administration.ts';
import { openApp } from './composition/app.ts';
import { AUDIT_PATIENCE_MS, startAudit, watchWrites } from './composition/audit.ts';
import { openAuthorization } from './composition/authorization.ts';
import { startCommits } from './composition/commits.ts';
import { deidentificationKey } from './composition/deidentification.ts';
import { openEncryption } from './composition/encryption.ts';
import { createListeners } from './composition/listeners.ts';
import { openNotices } from './composition/notices.ts';
import { engineOperations, resourceOperations } from './composition/operations.ts';
import { openRecords } from './composition/records.ts';
import { openResources } from './composition/resources.ts';
import { interactionServices, searchSettings } from './composition/services.ts';
import { openStores } from './composition/stores.ts';
import { createVerifier } from './composition/tokens.ts';
import { tracingOf } from './composition/tracing.ts';
import { hasOwnAuthorization } from './config/load.ts';
import type { Config } from './config/options.ts';
import { loadDefinitions } from './definitions/load.ts';
import { sealQueryBy } from './encryption/sealed-query.ts';
import { createEdge } from './http/edge.ts';
import { edgeMetrics } from './http/edge-metrics.ts';
import { createRequestsUnderWay } from './http/under-way.ts';
import { assembleContext } from './interactions/assemble.ts';
import type { InnerRequests } from './interactions/inner/inner-request.ts';
import { unavailable } from './model/error.ts';
import { createUlids } from './model/ulid.ts';
import { createLaunchOperation } from './operations/launch.ts';
import { createOperationRegistry } from './operations/registry.ts';
import type { MemberDrill } from './store/administration.ts';
import { sharedSecret } from './store/mongo/gateways/shared-secret.ts';
import type { CommitStep } from './store/placement/two-phase.ts';
import { createReadTerms } from './store/read-terms.ts';
import { type Readiness, readinessOf } from './store/readiness.ts';
import { createRecordDirectory } from './store/record-keys.ts';
import { storeMetrics } from './store/store-metrics.ts';
import { createLogger } from './telemetry/logger.ts';
import { createMetrics } from './telemetry/metrics.ts';
import { createRequestTiming } from './telemetry/request-timing.ts';

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

/** For the answers of requests that were stopped when the gateway ends. */
const LAST_WORDS_MS = 500;

/** Connects the stores, migrates them, finishes what a crash left prepared, and gives the gateway, not yet listening. */
export async function createGateway(config: Config, trials: GatewayTrials = {}): Promise<Gateway> {
  const log = createLogger({ level: config.logLevel });
  const definitions = loadDefinitions();
  const newUlid = createUlids();
  const readTerms = createReadTerms();
  const records = createRecordDirectory();
  const stores = await openStores(config, definitions, log, readTerms.current, records);
  const { clinical, administrative } = stores;
  const secret = await sharedSecret(clinical.collections);
  const encryption = await openEncryption(config, stores, log);
  const revocations = hasOwnAuthorization(config) ? createRevocations(administrative.authorization, Date.now) : undefined;
  const commits = await startCommits(config, stores, newUlid, log, trials.onCommitStep, revocations?.refresh);
  const { clock } = commits;
  const administration = await openAdministration(config, stores, clock.gatewayId, newUlid, log, trials.drill);

  const underWay = createRequestsUnderWay();
  const edge = createEdge(config, log);
  const metrics = createMetrics([...edgeMetrics(edge, underWay), ...storeMetrics(administration.engines, commits.twoPhase.counts)]);
  const tracing = await tracingOf(config);
  const timing = tracing ?? createRequestTiming();
  const audit = config.audit
    ? await startAudit(config, commits.place, administrative, newUlid, log, encryption && sealQueryBy(encryption.fields))
    : undefined;
  const catchUpAudit = async () => audit?.relay.flush(AUDIT_PATIENCE_MS).catch(() => undefined);

  const resources = await openResources({ config, definitions, log, metrics, encryption }, stores, commits, catchUpAudit);
  const { keeper, live } = resources;
  const ofRecords = await openRecords(
    { config, definitions, log, newUlid, records, audit: audit?.audit, underWay, timing },
    stores,
    commits,
    resources,
  );
  const { store, shapes, privacy, erasures } = ofRecords;
  const watch = audit && watchWrites(audit, administrative, resources.stores, definitions.resourceTypes, log);

  const search = searchSettings(config, live.registry);
  const decide = decideBy(definitions, search);
  const verifier = await createVerifier(config, definitions, log, revocations);
  const authorization =
    revocations &&
    (await openAuthorization({
      config,
      log,
      definitions,
      administrative,
      revocations,
      rates: edge.rates,
      audit: audit?.audit,
      inner: () => inner,
      operationNames: () => operations.described.map(({ name }) => name),
    }));
  const operations = createOperationRegistry([
    ...resourceOperations({
      definitions,
      decide,
      restrictionsWith: privacy.restrictionsWith,
      verifier,
      deidentificationKey: await deidentificationKey(config, clinical),
      erasures,
      reindexing: keeper,
      textForm: encryption?.awaits,
    }),
    ...engineOperations(restoringWith(administration, resources.renewal), shapes, records, log),
    ...(authorization ? [createLaunchOperation(authorization.launches.create)] : []),
  ]);
  const services = interactionServices({
    config,
    definitions,
    log,
    commits,
    resources,
    store,
    search,
    records,
    ...(tracing && { trace: tracing }),
    newUlid,
    secret,
    oauth: authorization?.endpoints,
  });
  const context = assembleContext(services, operations.described, operations.find);
  const restrictionsOf = (principal: Principal) => privacy.restrictionsWith(principal, undefined);
  const inner: InnerRequests = { context, decide, restrictionsOf, baseUrl: config.baseUrl, client: 'authorization-server' };

  let isClosing = false;
  const readiness = async (): Promise<Readiness> =>
    isClosing ? { status: 'not ready', troubled: [] } : readinessOf(clinical, administrative);
  const isReady = async () => (await readiness()).status !== 'not ready';
  const notices = openNotices(config, newUlid, log);
  const app = openApp(config, {
    context,
    verifier,
    decide,
    restrictionsOf: privacy.restrictionsOf,
    readiness,
    audit: audit?.audit,
    ...(authorization && { authorization }),
    timing,
    tracing,
    underWay,
    edge,
    metrics,
    log,
    stores,
    readTerms,
    secret,
    notices,
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
      await Promise.all([administration.close(), keeper.stop(), ofRecords.stop(), commits.stopRecovery()]);
      await Promise.all([watch?.stop(), notices?.stop()]);
      await audit?.close();
      await clock.close();
      await Promise.all([clinical.close(), administrative.close(), tracing?.close()]);
    },
  };
}
