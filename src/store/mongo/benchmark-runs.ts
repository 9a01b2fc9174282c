/** Runs of `$benchmark` as documents, beside the document whose holder may run one. */
import { BENCHMARK_LEASE_MS, type BenchmarkRuns, type KeptRun, RUNS_KEPT } from '../benchmark-runs.ts';
import { DURABLE, type MongoCollections } from './client.ts';
import { isDuplicateKey, translate } from './errors.ts';
import { retryTransient } from './retry.ts';

interface RunDocument extends Omit<KeptRun, 'id'> {
  readonly _id: string;
}

interface PlaceDocument {
  readonly _id: 'place';
  readonly holder?: string;
  readonly heldUntil?: Date;
}

export function createBenchmarkRuns({ client, databaseName }: MongoCollections, now: () => number): BenchmarkRuns {
  const runs = client.db(databaseName).collection<RunDocument>('benchmark_runs');
  const places = client.db(databaseName).collection<PlaceDocument>('benchmark_place');
  const asked = <T>(work: () => Promise<T>) => retryTransient(work).catch((error: unknown) => Promise.reject(translate(error)));
  const durable = { writeConcern: DURABLE };
  return {
    take: (holder) =>
      asked(async () => {
        const isFree = [{ holder }, { holder: { $exists: false } }, { heldUntil: { $lt: new Date(now()) } }];
        const held = { $set: { holder, heldUntil: new Date(now() + BENCHMARK_LEASE_MS) } };
        try {
          await places.updateOne({ _id: 'place', $or: isFree }, held, { upsert: true, ...durable });
          return true;
        } catch (error) {
          // There is such a document and it is not free.
          if (isDuplicateKey(error)) return false;
          throw error;
        }
      }),
    release: (holder) =>
      asked(async () => void (await places.updateOne({ _id: 'place', holder }, { $unset: { holder: '', heldUntil: '' } }, durable))),
    keep: ({ id, ...run }) =>
      asked(async () => {
        await runs.updateOne({ _id: id }, { $setOnInsert: run }, { upsert: true, ...durable });
        const old = await runs
          .find({}, { projection: { _id: 1 } })
          .sort({ startedAt: -1 })
          .skip(RUNS_KEPT)
          .toArray();
        for (const { _id } of old) await runs.deleteOne({ _id }, durable);
      }),
    list: () => asked(async () => (await runs.find({}).sort({ startedAt: -1 }).toArray()).map(({ _id, ...run }) => ({ id: _id, ...run }))),
  };
}
