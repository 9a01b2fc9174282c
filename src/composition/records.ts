/** The records as requests find them, and those who look after them: consents and labels, moves, erasures. */
import type { Audit } from '../audit/audit.ts';
import type { Config } from '../config/options.ts';
import type { Definitions } from '../definitions/definitions.ts';
import type { ErasureKeeper } from '../jobs/erasure-keeper.ts';
import type { WorkUnderWay } from '../lifecycle/work-under-way.ts';
import { createLabelUse } from '../store/mongo/gateways/label-use.ts';
import type { RecordDirectory } from '../store/record-keys.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { RequestTiming } from '../telemetry/request-timing.ts';
import type { Commits } from './commits.ts';
import { openErasures } from './erasures.ts';
import { type LayeredStore, layerStore } from './layers.ts';
import { openMoves } from './moves.ts';
import { type OpenPrivacy, openPrivacy } from './privacy.ts';
import type { Resources } from './resources.ts';
import type { Stores } from './stores.ts';

interface RecordParts {
  readonly config: Config;
  readonly definitions: Definitions;
  readonly log: Logger;
  readonly newUlid: () => string;
  readonly records: RecordDirectory;
  readonly audit: Audit | undefined;
  readonly underWay: WorkUnderWay;
  readonly timing: RequestTiming;
}

interface Records extends LayeredStore {
  readonly privacy: OpenPrivacy;
  readonly erasures: ErasureKeeper;
  stop(): Promise<void>;
}

/** Ready for the first request: what is erased, moved or denied is known. */
export async function openRecords(parts: RecordParts, stores: Stores, commits: Commits, resources: Resources): Promise<Records> {
  const { config, definitions, log, newUlid, records, audit, underWay, timing } = parts;
  const { clock } = commits;
  const privacy = openPrivacy({
    config,
    definitions,
    registry: resources.live.registry,
    resources: resources.stores,
    labelUse: createLabelUse(stores.clinical.collections),
    tell: clock.tell,
    allKnow: clock.allKnow,
    watermark: clock.watermark,
    now: Date.now,
    log: (message, detail) => log.warn(message, detail),
  });
  const forget = () => layered.store.forgetAll();
  const moves = openMoves({ config, definitions, log, newUlid, records, forget }, stores, commits, resources, audit);
  const ofErasures = { config, definitions, log, records, isBeingMoved: moves.isBeingMoved };
  const erasures = await openErasures(ofErasures, stores, commits, resources, audit, forget);
  const layered = layerStore(resources.stores, {
    parameters: resources.keeper,
    consents: privacy.keeper,
    erasures,
    moves,
    records,
    underWay,
    timing,
    log,
  });
  const keepers = [moves, erasures, privacy.keeper];
  for (const keeper of keepers) {
    await keeper.refresh();
    keeper.start();
  }
  return { ...layered, privacy, erasures, stop: async () => void (await Promise.all(keepers.map((keeper) => keeper.stop()))) };
}
