/**
 * The raw drivers doing the storage work of a phase, without FHIR, HTTP or validation: the floor that the gateway stands on.
 * A process of its own, so that its CPU can be told from the benchmark's; obeys its parent's messages.
 *
 * The documents and rows are copies of those that the gateway stored, in collections with the same shard keys and indexes.
 */
import { runLoop, type Timing } from './measure.ts';
import { openRawMongo } from './raw/mongo.ts';
import { openRawPostgres } from './raw/postgres.ts';
import { prepareRawSearches } from './raw/search.ts';
import { prepareTransactions } from './raw/transaction.ts';
import { isRawSearch, type RawWork } from './raw/work.ts';

export interface RawJob {
  readonly work: RawWork;
  readonly concurrency: number;
  readonly seconds: number;
}

export type RawAnswer = { readonly timing: Timing } | { readonly error: string } | { readonly ready: true };

const [mongodbUri = '', databaseUrl = ''] = [process.env.BENCH_MONGODB_URI, process.env.BENCH_DATABASE_URL];

async function main(): Promise<void> {
  const mongo = await openRawMongo(mongodbUri);
  const postgres = await openRawPostgres(databaseUrl);
  const transaction = await prepareTransactions(mongo, postgres);
  let searches: ReturnType<typeof prepareRawSearches> | undefined;
  const operationOf = async ({ work, concurrency }: RawJob) => {
    if (isRawSearch(work)) {
      // Only when a phase searches are there records to search.
      searches ??= prepareRawSearches(mongo, postgres);
      return (await searches)(work);
    }
    if (work === 'transaction') return transaction;
    return work === 'pg read' ? postgres.read : mongo.operation(work, concurrency);
  };
  const answer = (message: RawAnswer) => process.send?.(message);
  process.on('message', (job: RawJob) => {
    // A batch stands for as many clients as it has members.
    const loops = job.work.endsWith('batched') ? 1 : job.concurrency;
    operationOf(job)
      .then((operation) => runLoop({ operation, concurrency: loops, seconds: job.seconds }))
      .then(
        (timing) => answer({ timing }),
        (error: Error) => answer({ error: error.message }),
      );
  });
  process.on('disconnect', () => process.exit(0));
  answer({ ready: true });
}

main().catch((error: Error) => {
  process.send?.({ error: error.stack ?? error.message } satisfies RawAnswer);
});
