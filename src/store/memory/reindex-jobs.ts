/** Runs over the index in memory: for tests, and one gateway. */
import type { ReindexJob, ReindexJobs } from '../reindex.ts';

export function createMemoryReindexJobs(): ReindexJobs {
  const jobs = new Map<string, ReindexJob>();
  return {
    add: async (job) => {
      if (jobs.has(job.id)) return false;
      jobs.set(job.id, job);
      return true;
    },
    list: async () => [...jobs.values()],
    take: async (id) => {
      const job = jobs.get(id);
      return job?.completedAt === undefined ? job : undefined;
    },
    save: async (job) => {
      if (!jobs.has(job.id)) return false;
      jobs.set(job.id, job);
      return true;
    },
    release: async () => {},
    remove: async (id) => void jobs.delete(id),
  };
}
