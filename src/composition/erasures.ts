/** Erasures of records: carried out here or by another gateway, sealed and put on record. */
import { openLocalSealer } from '../access/local-key.ts';
import type { Audit } from '../audit/audit.ts';
import { erasureRecord } from '../audit/erasure.ts';
import type { Config } from '../config/options.ts';
import type { Definitions } from '../definitions/definitions.ts';
import { createErasureKeeper, type ErasureKeeper } from '../jobs/erasure-keeper.ts';
import { recordKeyOf } from '../model/record-key.ts';
import type { ErasureJob } from '../store/erasure.ts';
import { createSealedErasure } from '../store/layers/sealed-store.ts';
import { createLeasedJobs } from '../store/mongo/gateways/leased-jobs.ts';
import { createPlacementErasure } from '../store/placement/erasure.ts';
import { storeOf } from '../store/placement/placement.ts';
import type { RecordKeys } from '../store/record-keys.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Commits } from './commits.ts';
import type { Resources } from './resources.ts';
import type { Stores } from './stores.ts';

/** What is sealed with a key of its own can be told from everything else that the server signs. */
const REPORT_KEY = 'erasure-reports';
const REPORT_TYPE = 'erasure-report+jws';

interface ErasureParts {
  readonly config: Config;
  readonly definitions: Definitions;
  readonly log: Logger;
  readonly records: RecordKeys;
  readonly isBeingMoved: (patient: string) => Promise<boolean>;
}

/** Not started yet: `forget` must be ready first. */
export async function openErasures(
  { config, definitions, log, records, isBeingMoved }: ErasureParts,
  { clinical, administrative }: Stores,
  { clock }: Commits,
  { stores, live, fields }: Pick<Resources, 'stores' | 'live' | 'fields'>,
  audit: Audit | undefined,
  forget: () => void,
): Promise<ErasureKeeper> {
  const erasure = createPlacementErasure(clinical.erasure, administrative.erasure);
  const { seal } = await openLocalSealer(config.dataDir, REPORT_KEY);
  return createErasureKeeper({
    jobs: createLeasedJobs<ErasureJob>(clinical.collections, 'erasure_jobs', Date.now),
    resources: stores,
    erasure: fields ? createSealedErasure(erasure, fields) : erasure,
    indexer: live.indexer,
    definitions,
    now: Date.now,
    watermark: clock.watermark,
    heardAfterMs: () => config.erasureSeconds * 1000,
    holder: clock.gatewayId,
    placesOf: (patient) => [...new Set([...records.all(patient), recordKeyOf(patient)])],
    isBeingMoved,
    storeOf: (type) => (storeOf(type) === 'clinical' ? 'mongodb' : 'postgresql'),
    seal: (report) => seal(report, REPORT_TYPE),
    record: (job) => audit?.keep(erasureRecord(job)),
    forget,
    log: (message, detail) => log.info(message, detail),
  });
}
