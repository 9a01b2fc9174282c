/** Status of jobs that any gateway may carry out: all of them, or one that is named by `job`. */
import { notFound } from '../model/error.ts';
import { group, type Part, parametersAnswer } from './answer.ts';
import type { Operation } from './operation.ts';
import { readInput } from './parameters.ts';

interface JobStatus<Job> {
  /** What a job is, for the client: "erasure". */
  readonly noun: string;
  readonly list: () => Promise<readonly Job[]>;
  readonly summaryOf: (job: Job) => readonly Part[];
  /** What is told of a job that has ended, beside its summary. */
  readonly detailsOf: (job: Job) => readonly Part[];
  readonly progressOf: (job: Job) => string;
}

/** Answers for all jobs; for one 202 with its progress while it goes on, then what it did. @throws FhirError 404 */
export function answerStatus<Job extends { readonly id: string; readonly completedAt?: number }>(
  status: JobStatus<Job>,
): Operation['handle'] {
  const { noun, list, summaryOf, detailsOf, progressOf } = status;
  return async (request, context) => {
    const id = readInput(request, context, '').value('job');
    const all = await list();
    if (id === undefined) return parametersAnswer(all.map((job) => group('job', summaryOf(job))));
    const job = all.find((each) => each.id === id);
    if (!job) throw notFound(`there is no ${noun} "${id}"`);
    if (job.completedAt === undefined) return { status: 202, headers: { 'X-Progress': progressOf(job), 'Retry-After': '2' } };
    return parametersAnswer([...summaryOf(job), ...detailsOf(job)]);
  };
}
