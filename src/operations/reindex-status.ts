/** `GET /$reindex-status`: all runs over the index, or with `job` one: 202 while it goes on, then what it did. */
import definition from '../../fhir/definitions/System-reindex-status.json' with { type: 'json' };
import { notFound } from '../model/error.ts';
import { type PartProgress, percentOf, type ReindexJob, type ReindexJobs } from '../store/reindex.ts';
import { group, type Part, parametersAnswer, part } from './answer.ts';
import { defineOperation, type Operation } from './operation.ts';

export function createReindexStatusOperation(jobs: ReindexJobs): Operation {
  return defineOperation({
    definition,
    affectsState: false,
    authorise: (access) => access.requireOperation('reindex', 'r'),
    handle: async ({ query }) => {
      const id = query.find(([name]) => name === 'job')?.[1];
      const all = await jobs.list();
      if (id === undefined) return parametersAnswer(all.map((job) => group('job', summaryOf(job))));
      const job = all.find((each) => each.id === id);
      if (!job) throw notFound(`there is no run over the index "${id}"`);
      if (job.completedAt === undefined) return { status: 202, headers: { 'X-Progress': `${percentOf(job)}%`, 'Retry-After': '2' } };
      return parametersAnswer([...summaryOf(job), ...(job.parts ?? []).map(partOf)]);
    },
  });
}

function summaryOf(job: ReindexJob): Part[] {
  const { id, covers, total, problem, startedAt, completedAt } = job;
  return [
    part('job', id),
    part('parameter', covers === undefined ? undefined : `SearchParameter/${covers.split('/')[0]}`),
    part('percent', percentOf(job)),
    part('resources', total),
    part('started', new Date(startedAt)),
    part('completed', completedAt === undefined ? undefined : new Date(completedAt)),
    part('problem', problem === undefined ? undefined : 'interrupted; the log has the reason, and it is tried again'),
  ];
}

const partOf = ({ part: { store, name }, done }: PartProgress): Part =>
  group('part', [part('store', store), part('name', name), part('resources', done)]);
