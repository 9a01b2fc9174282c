/**
 * Jobs as documents, each leased to the gateway that carries it out. Two that both believe to have one do the same work
 * twice: it must be idempotent.
 */

import type { Collection } from 'mongodb';
import type { LeasedJob, LeasedJobs } from '../../leased-jobs.ts';
import { DURABLE, type MongoCollections } from '../client.ts';
import { isDuplicateKey, translate } from '../errors.ts';
import { asked } from '../retry.ts';

/** How long a gateway that says nothing keeps a job. */
const LEASE_MS = 10_000;

interface JobDocument<Job> {
  readonly _id: string;
  readonly job: Job;
  readonly isComplete: boolean;
  readonly holder?: string;
  readonly heldUntil?: Date;
}

/** @param name of the collection: one for each kind of job */
export function createLeasedJobs<Job extends LeasedJob>(
  { database }: MongoCollections,
  name: 'reindex_jobs' | 'erasure_jobs' | 'move_jobs',
  now: () => number,
): LeasedJobs<Job> {
  const jobs: Collection<JobDocument<LeasedJob>> = database.collection(name);
  const read = (filter: object) => asked(async () => (await jobs.find(filter).sort({ _id: 1 }).toArray()).map(({ job }) => job as Job));
  const leaseEnd = () => new Date(now() + LEASE_MS);
  const durable = { writeConcern: DURABLE };
  return {
    async add(job) {
      try {
        await jobs.insertOne({ _id: job.id, job, isComplete: false }, durable);
        return true;
      } catch (error) {
        if (isDuplicateKey(error)) return false;
        throw translate(error);
      }
    },
    list: () => read({}),
    listOpen: () => read({ isComplete: false }),
    take: (id, holder) =>
      asked(async () => {
        const isFree = { $or: [{ holder }, { holder: { $exists: false } }, { heldUntil: { $lt: new Date(now()) } }] };
        const filter = { _id: id, isComplete: false, ...isFree };
        await jobs.updateOne(filter, { $set: { holder, heldUntil: leaseEnd() } }, durable);
        return (await jobs.findOne({ _id: id, isComplete: false, holder }))?.job as Job | undefined;
      }),
    save: (job, holder) =>
      asked(async () => {
        const isComplete = job.completedAt !== undefined;
        const saved = await jobs.updateOne({ _id: job.id, holder }, { $set: { job, isComplete, heldUntil: leaseEnd() } }, durable);
        return saved.matchedCount === 1;
      }),
    release: (id, holder) =>
      asked(async () => void (await jobs.updateOne({ _id: id, holder }, { $unset: { holder: '', heldUntil: '' } }, durable))),
    remove: (id) => asked(async () => void (await jobs.deleteOne({ _id: id }, durable))),
  };
}
