/** `GET /$reindex-status`: all runs over the index, or with `job` one: 202 while it goes on, then what it did. */
import definition from '../../fhir/definitions/System-reindex-status.json' with { type: 'json' };
import { type PartProgress, percentOf, type ReindexJob, type ReindexJobs } from '../store/reindex.ts';
import { group, type Part, part } from './answer.ts';
import { answerStatus } from './job-status.ts';
import { defineOperation, type Operation } from './operation.ts';

export function createReindexStatusOperation(jobs: ReindexJobs): Operation {
  return defineOperation({
    definition,
    affectsState: false,
    authorise: (access) => access.requireOperation('reindex', 'r'),
    handle: answerStatus({ noun: 'run over the index', list: jobs.list, summaryOf, detailsOf, progressOf: (job) => `${percentOf(job)}%` }),
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

const detailsOf = ({ parts = [], archives }: ReindexJob): Part[] => [
  ...parts.map(partOf),
  ...(archives?.done ?? []).map((name) => group('archive', [part('name', name)])),
  ...(archives?.passedBy ?? []).map(({ name }) =>
    group('archive', [part('name', name), part('problem', 'its file is not to be had as it was exported; the log has the reason')]),
  ),
];

const partOf = ({ part: { store, name }, done }: PartProgress): Part =>
  group('part', [part('store', store), part('name', name), part('resources', done)]);
