/** What lies around the stores, from the inside out: what requests read and write through. */
import type { ConsentKeeper } from '../jobs/consent-keeper.ts';
import type { ErasureKeeper } from '../jobs/erasure-keeper.ts';
import type { IndexKeeper } from '../jobs/index-keeper.ts';
import type { MoveKeeper } from '../jobs/move-keeper.ts';
import type { WorkUnderWay } from '../lifecycle/work-under-way.ts';
import { createCancellableStore } from '../store/layers/cancellable-store.ts';
import { createClosedRecordsStore } from '../store/layers/closed-records.ts';
import { createMovingStore } from '../store/layers/moving-store.ts';
import { createRecentShapes, createShapedStore, type RecentShapes } from '../store/layers/recent-shapes.ts';
import { createRecallingStore, type RecallingStore } from '../store/layers/recent-versions.ts';
import { createTimedStore } from '../store/layers/timed-store.ts';
import { createWaitingStore } from '../store/layers/waiting-store.ts';
import { createWatchedStore } from '../store/layers/watched-store.ts';
import { ADMINISTRATIVE_TABLES, mainKeyOf } from '../store/postgres/business-date.ts';
import type { RecordKeys } from '../store/record-keys.ts';
import type { ResourceStore } from '../store/store.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { RequestTiming } from '../telemetry/request-timing.ts';

/** For `$shard?what-if`. */
const SHAPES_REMEMBERED = 10_000;
/** Of recent versions kept in memory to spare updates a read: some 10,000 resources. */
const RECALLED_CHARACTERS = 16 * 1024 * 1024;

interface LayerParts {
  readonly parameters: Pick<IndexKeeper, 'refresh'>;
  readonly consents: Pick<ConsentKeeper, 'beforeCommit' | 'isWatched' | 'refresh'>;
  readonly erasures: Pick<ErasureKeeper, 'isClosed'>;
  readonly moves: Pick<MoveKeeper, 'isClosed' | 'want' | 'zoneOf'>;
  readonly records: RecordKeys;
  readonly underWay: WorkUnderWay;
  readonly timing: RequestTiming;
  readonly log: Logger;
}

export interface LayeredStore {
  readonly store: RecallingStore;
  /** What was searched for lately. */
  readonly shapes: RecentShapes;
}

export function layerStore(resources: ResourceStore, parts: LayerParts): LayeredStore {
  const { parameters, consents, erasures, moves, records, underWay, timing, log } = parts;
  const businessDates = new Set(ADMINISTRATIVE_TABLES.flatMap((table) => mainKeyOf(table) ?? []));
  const shapes = createRecentShapes({ remember: SHAPES_REMEMBERED, businessDates, now: Date.now });
  const open = createClosedRecordsStore(resources, erasures.isClosed);
  const movable = createMovingStore(open, { ...moves, records });
  const waiting = createWaitingStore(movable, consents.beforeCommit);
  const shaped = createShapedStore(waiting, shapes);
  const watched = createWatchedStore(shaped, [
    {
      isWatched: ({ type }) => type === 'SearchParameter',
      onWritten: () => parameters.refresh().catch((error) => log.warn('parameters not read', { error })),
    },
    { isWatched: consents.isWatched, onWritten: () => consents.refresh().catch((error) => log.warn('consents not read', { error })) },
  ]);
  const cancellable = createCancellableStore(watched, underWay.current);
  const timed = createTimedStore(cancellable, timing.inStore);
  return { store: createRecallingStore(timed, RECALLED_CHARACTERS), shapes };
}
