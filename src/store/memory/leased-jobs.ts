/** Jobs in memory: for tests, and one gateway. */
import type { LeasedJob, LeasedJobs } from '../leased-jobs.ts';

export function createMemoryJobs<Job extends LeasedJob>(): LeasedJobs<Job> {
  const jobs = new Map<string, Job>();
  return {
    add: async (job) => {
      if (jobs.has(job.id)) return false;
      jobs.set(job.id, job);
      return true;
    },
    list: async () => [...jobs.values()],
    listOpen: async () => [...jobs.values()].filter(({ completedAt }) => completedAt === undefined),
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
