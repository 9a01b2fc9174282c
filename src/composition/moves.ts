/** Moves of records to the zones of their patients' regions, carried out here or by another gateway. */
import type { Audit } from '../audit/audit.ts';
import { moveRecord } from '../audit/move.ts';
import type { Config } from '../config/options.ts';
import type { Definitions } from '../definitions/definitions.ts';
import { zonesBy } from '../interactions/write/regions.ts';
import { createMoveKeeper, type MoveKeeper } from '../jobs/move-keeper.ts';
import type { ErasureJob } from '../store/erasure.ts';
import { createLeasedJobs } from '../store/mongo/gateways/leased-jobs.ts';
import { storeOf } from '../store/placement/placement.ts';
import type { RecordDirectory } from '../store/record-keys.ts';
import type { MoveJob } from '../store/record-moves.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Commits } from './commits.ts';
import type { Resources } from './resources.ts';
import type { Stores } from './stores.ts';

interface MoveParts {
  readonly config: Pick<Config, 'regions'>;
  readonly definitions: Definitions;
  readonly log: Logger;
  readonly newUlid: () => string;
  readonly records: RecordDirectory;
  /** Forgets every version that this gateway remembers. */
  readonly forget: () => void;
}

/** Not started yet: `forget` must be ready first. */
export function openMoves(
  { config, definitions, log, newUlid, records, forget }: MoveParts,
  { clinical, administrative }: Stores,
  { clock }: Commits,
  { stores, live, keeper }: Pick<Resources, 'stores' | 'live' | 'keeper'>,
  audit: Audit | undefined,
): MoveKeeper {
  const erasures = createLeasedJobs<ErasureJob>(clinical.collections, 'erasure_jobs', Date.now);
  const isErased = async (patient: string) => (await erasures.listOpen()).some((job) => job.patient === patient);
  // It goes through all records in the order of their keys, and would miss what moves behind it.
  const isReindexed = async () => (await keeper.jobs.listOpen()).length > 0;
  return createMoveKeeper({
    jobs: createLeasedJobs<MoveJob>(clinical.collections, 'move_jobs', Date.now),
    records,
    resources: stores,
    indexer: live.indexer,
    clinical: clinical.erasure,
    administrative: administrative.erasure,
    mover: clinical.mover,
    renamer: administrative.renamer,
    administrativeTypes: Object.keys(definitions.compartments.Patient ?? {}).filter((type) => storeOf(type) === 'administrative'),
    ...(config.regions.length > 0 && { zoneOf: zonesBy(config.regions) }),
    isInTheWay: async (patient) => (await isErased(patient)) || (await isReindexed()),
    now: Date.now,
    newUlid,
    watermark: clock.watermark,
    // One that was wanted before an update of this server has nobody.
    record: (job) => audit?.keep(moveRecord({ by: { client: '', subject: '', request: job.id }, ...job })),
    holder: clock.gatewayId,
    tell: clock.tell,
    untell: clock.untell,
    allKnow: clock.allKnow,
    forget,
    log: (message, detail) => log.warn(message, detail),
  });
}
