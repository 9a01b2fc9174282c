/** Runs of `$benchmark` as documents, beside the document whose holder may run one. */
import { BENCHMARK_LEASE_MS, type BenchmarkRuns, type KeptRun, RUNS_KEPT } from '../../benchmark/kept-runs.ts';
import { DURABLE, type MongoCollections } from '../client.ts';
import { isDuplicateKey } from '../errors.ts';
import { asked } from '../retry.ts';
import { createKeptDocuments } from './kept-documents.ts';

interface PlaceDocument {
  readonly _id: 'place';
  readonly holder?: string;
  readonly heldUntil?: Date;
}

export function createBenchmarkRuns(collections: MongoCollections, now: () => number): BenchmarkRuns {
  const { keep, list } = createKeptDocuments<KeptRun>(collections, 'benchmark_runs', RUNS_KEPT);
  const places = collections.database.collection<PlaceDocument>('benchmark_place');
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
    keep,
    list: () => list(),
  };
}
