/** How many documents pass a filter, exactly or nearly. */
import type { ReadMode } from '../cluster/one-shard.ts';
import { DEADLINE_MS, SHORT_COUNT_MS } from './deadlines.ts';
import type { CollectionsBy } from './find-page.ts';
import type { ScopeFilter } from './scope-filter.ts';

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
  count(scope: ScopeFilter, counting: Counting, isShort?: boolean): Promise<number>;
  estimate(scope: ScopeFilter, counting: Counting): Promise<number>;
}

export function createCounter(from: CollectionsBy): Counter {
  return {
    count: ({ filter, hint }, { mode, signal }, isShort) =>
      from[mode].resources.countDocuments(filter, { hint, maxTimeMS: isShort ? SHORT_COUNT_MS : DEADLINE_MS, signal }),

    async estimate({ filter, hint }, { mode, signal }) {
      const { resources } = from[mode];
      const options = { hint, maxTimeMS: SHORT_COUNT_MS, signal };
      const counted = await resources.countDocuments(filter, { ...options, limit: COUNTED });
      if (counted < COUNTED) return counted;
      return Math.max(COUNTED, SAMPLES * (await resources.countDocuments({ $and: [SAMPLE, filter] }, options)));
    },
  };
}
