/** Resources, and the search parameters that index them. */
import type { Config } from '../config/options.ts';
import type { Definitions } from '../definitions/definitions.ts';
import type { FieldEncryption } from '../encryption/field-encryption.ts';
import { openQueryBy } from '../encryption/sealed-query.ts';
import { fullTextParameters } from '../jobs/full-text.ts';
import type { IndexKeeper } from '../jobs/index-keeper.ts';
import { createIndexKeeper } from '../jobs/index-keeper.ts';
import type { LiveSearch } from '../search/parameters/live-search.ts';
import { createLiveSearch } from '../search/parameters/live-search.ts';
import type { OwnParameterRules } from '../search/parameters/own-parameter.ts';
import { createSearchRegistry } from '../search/parameters/registry.ts';
import { createMeasuredStore } from '../store/layers/measured-store.ts';
import { createRenewal, createSealedReindex, createSealedStore } from '../store/layers/sealed-store.ts';
import { createLeasedJobs } from '../store/mongo/gateways/leased-jobs.ts';
import { createPlacementStore } from '../store/placement/placement-store.ts';
import { createPlacementReindex } from '../store/placement/reindex.ts';
import { createPlacementTexts } from '../store/placement/stored-texts.ts';
import type { ReindexJob, Renewal } from '../store/reindex.ts';
import type { ResourceStore } from '../store/store.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { Commits } from './commits.ts';
import type { Encryption } from './encryption.ts';
import type { Stores } from './stores.ts';

/** The resources of both stores with what indexes and audits them. */
export interface Resources {
  readonly stores: ResourceStore;
  readonly live: LiveSearch;
  readonly parameterRules: OwnParameterRules;
  readonly keeper: IndexKeeper;
  /** Where identifiers are encrypted. */
  readonly fields: FieldEncryption | undefined;
  /** Brings what lies in an archive into today's form. */
  readonly renewal: Renewal | undefined;
}

/** Each type where it lies, search parameters as they come and go. */
export async function openResources(
  {
    config,
    definitions,
    log,
    metrics,
    encryption,
  }: {
    readonly config: Config;
    readonly definitions: Definitions;
    readonly log: Logger;
    readonly metrics: Metrics;
    readonly encryption: Encryption | undefined;
  },
  { clinical, administrative }: Stores,
  { clock, twoPhase }: Commits,
  catchUpAudit: () => Promise<void>,
): Promise<Resources> {
  const measured = {
    clinical: { ...clinical, ...createMeasuredStore(clinical, (...call) => metrics.stored('mongodb', ...call)) },
    administrative: { ...administrative, ...createMeasuredStore(administrative, (...call) => metrics.stored('postgresql', ...call)) },
  };
  const fields = encryption?.fields;
  const live = createLiveSearch(definitions, { baseUrl: config.baseUrl, identifiers: fields?.identifiers, redact: fields?.redact });
  const audit = administrative.auditStore({
    entriesOf: (resource, key) => live.indexer.entries(resource, key),
    catchUp: catchUpAudit,
    openQuery: fields && openQueryBy(fields),
  });
  const placed = createPlacementStore({ ...measured, audit, types: definitions.resourceTypes, twoPhase });
  const stores = fields ? createSealedStore(placed, fields) : placed;
  const reindexing = createPlacementReindex(clinical.reindexing, administrative.reindexing);
  const texts = createPlacementTexts(clinical.texts, administrative.texts);
  const renewal = fields && createRenewal(fields, (resource, version) => live.indexer.entries(resource, version));
  const { archivedYears } = administrative;
  const parameterRules = { definitions, builtIn: createSearchRegistry(definitions), hidden: fields?.hidden };
  const keeper = createIndexKeeper({
    resources: stores,
    live,
    rules: parameterRules,
    configured: fullTextParameters(config.fullText, definitions),
    jobs: createLeasedJobs<ReindexJob>(clinical.collections, 'reindex_jobs', Date.now),
    store: fields ? createSealedReindex(reindexing, texts, fields) : reindexing,
    announce: (names) => clock.announce([...(encryption?.announced ?? []), ...names]),
    allKnow: clock.allKnow,
    holder: clock.gatewayId,
    now: Date.now,
    log: (message, detail) => log.info(message, detail),
    ...(encryption && { onDone: encryption.onDone }),
    ...(renewal && {
      archives: { list: archivedYears.list, renew: (name, isStopping) => archivedYears.renew(name, renewal, isStopping) },
    }),
  });
  await keeper.refresh();
  await encryption?.agree(clock);
  keeper.start();
  return { stores, live, parameterRules, keeper, fields, renewal };
}
