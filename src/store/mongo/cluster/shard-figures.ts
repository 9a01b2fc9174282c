/** How large each shard's share is and what is read and written there. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Document } from 'mongodb';
import type { KeyRange } from '../../administration.ts';
import type { MongoCollections } from '../client.ts';
import { recordKeyInId } from '../document.ts';

interface ShardFigures {
  readonly documents: number;
  readonly bytes: number;
  readonly indexBytes: number;
  readonly readsPerSecond: number;
  readonly writesPerSecond: number;
}

export const NO_SIZE: ShardFigures = { documents: 0, bytes: 0, indexBytes: 0, readsPerSecond: 0, writesPerSecond: 0 };

/** Over how long operations are counted. */
const WINDOW_MS = 500;
/** How long patients are counted before their number is left out. */
const COUNT_WITHIN_MS = 5_000;

interface Totals {
  readonly documents: number;
  readonly bytes: number;
  readonly indexBytes: number;
  readonly reads: number;
  readonly writes: number;
  /** Looks at the statistics, each of which counts as a read in the next one. */
  readonly looks: number;
}

const NOTHING: Totals = { documents: 0, bytes: 0, indexBytes: 0, reads: 0, writes: 0, looks: 0 };

/** `resources` and `history` of each shard together; by '' where there is one replica set. */
export async function measureShards(collections: MongoCollections): Promise<ReadonlyMap<string, ShardFigures>> {
  const startedAt = performance.now();
  const before = await totalsByShard(collections);
  await sleep(WINDOW_MS);
  const after = await totalsByShard(collections);
  const seconds = (performance.now() - startedAt) / 1_000;
  const perSecond = (now: number, then: number) => Math.round((Math.max(0, now - then) / seconds) * 10) / 10;
  return new Map(
    [...after].map(([shard, { documents, bytes, indexBytes, reads, writes }]) => {
      const then = before.get(shard) ?? { ...NOTHING, reads, writes };
      const readsPerSecond = perSecond(reads - then.looks, then.reads);
      return [shard, { documents, bytes, indexBytes, readsPerSecond, writesPerSecond: perSecond(writes, then.writes) }];
    }),
  );
}

/** @see https://www.mongodb.com/docs/manual/reference/operator/aggregation/collStats/ */
async function totalsByShard({ resources, history }: MongoCollections): Promise<ReadonlyMap<string, Totals>> {
  const pipeline = [{ $collStats: { storageStats: {}, latencyStats: {} } }];
  const reports = (await Promise.all([resources, history].map((collection) => collection.aggregate<Document>(pipeline).toArray()))).flat();
  const totals = new Map<string, Totals>();
  for (const { shard = '', storageStats, latencyStats } of reports) {
    const sum = totals.get(shard) ?? NOTHING;
    totals.set(shard, {
      documents: sum.documents + Number(storageStats.count),
      bytes: sum.bytes + Number(storageStats.size),
      indexBytes: sum.indexBytes + Number(storageStats.totalIndexSize),
      reads: sum.reads + Number(latencyStats.reads.ops),
      writes: sum.writes + Number(latencyStats.writes.ops),
      looks: sum.looks + 1,
    });
  }
  return totals;
}

/** Patients whose records lie in these ranges; undefined where counting them takes too long. */
export async function patientsByRange({ resources }: MongoCollections, ranges: readonly KeyRange[]): Promise<number | undefined> {
  const filter = { type: 'Patient', deleted: { $exists: false }, home: { $exists: false } };
  const counts = ranges.map((range) =>
    resources.countDocuments({ ...filter, _id: within(range) } as never, { maxTimeMS: COUNT_WITHIN_MS }),
  );
  return Promise.all(counts).then(
    (all) => all.reduce((sum, n) => sum + n, 0),
    () => undefined,
  );
}

/** A condition on `_id`. */
export function within({ min, max }: KeyRange): Document {
  return { $exists: true, ...(min !== 'MinKey' && { $gte: min }), ...(max !== 'MaxKey' && { $lt: max }) };
}

/** Record keys of documents of `resources` taken at random. */
export async function sampleRecordKeys({ resources }: MongoCollections, count: number): Promise<readonly string[]> {
  const sample = resources.aggregate<{ _id: string }>([{ $sample: { size: count } }, { $project: { _id: 1 } }], { maxTimeMS: 10_000 });
  return (await sample.toArray()).map(({ _id }) => recordKeyInId(_id));
}
