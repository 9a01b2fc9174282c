/** How many documents pass a filter, exactly or nearly. */
import type { Filter } from 'mongodb';
import type { ReadMode } from '../cluster/shard-trips.ts';
import type { StoredDocument } from '../document.ts';
import { DEADLINE_MS, SHORT_COUNT_MS } from './deadlines.ts';
import type { ResourcesBy } from './find-page.ts';

/** Up to so many matches an estimate is a count. */
const COUNTED = 10_000;
/** Of the records, how many parts there are of which an estimate counts one. */
const SAMPLES = 256;
/** Record keys are hashes, so one part of them is as good a sample as any. */
const SAMPLE = { _id: { $gte: '0080', $lt: '0081' } };

interface Counting {
  readonly mode: ReadMode;
  readonly signal: AbortSignal | undefined;
}

interface Counter {
  /** `isShort`: gives up soon. */
  count(filter: Filter<StoredDocument>, counting: Counting, isShort?: boolean): Promise<number>;
  estimate(filter: Filter<StoredDocument>, counting: Counting): Promise<number>;
}

export function createCounter(from: ResourcesBy): Counter {
  return {
    count: (filter, { mode, signal }, isShort) =>
      from[mode].countDocuments(filter, { maxTimeMS: isShort ? SHORT_COUNT_MS : DEADLINE_MS, signal }),

    async estimate(filter, { mode, signal }) {
      const options = { maxTimeMS: SHORT_COUNT_MS, signal };
      const counted = await from[mode].countDocuments(filter, { ...options, limit: COUNTED });
      if (counted < COUNTED) return counted;
      return Math.max(COUNTED, SAMPLES * (await from[mode].countDocuments({ $and: [SAMPLE, filter] }, options)));
    },
  };
}
