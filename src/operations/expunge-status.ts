/** `GET /$expunge-status`: all erasures, or with `job` one: 202 while it goes on, then its counts and signed report. */
import definition from '../../fhir/definitions/System-expunge-status.json' with { type: 'json' };
import type { ErasureJob, ErasureJobs } from '../store/erasure.ts';
import { group, type Part, part } from './answer.ts';
import { answerStatus } from './job-status.ts';
import { defineOperation, type Operation } from './operation.ts';

export function createExpungeStatusOperation(jobs: ErasureJobs): Operation {
  return defineOperation({
    definition,
    affectsState: false,
    authorise: (access) => access.requireOperation('expunge', 'r'),
    handle: answerStatus({ noun: 'erasure', list: jobs.list, summaryOf, detailsOf, progressOf }),
  });
}

const progressOf = ({ removed, planned }: ErasureJob) => (planned === undefined ? 'planning' : `${removed} of ${planned} removed`);

function summaryOf({ id, client, startedAt, completedAt, removed }: ErasureJob): Part[] {
  return [
    part('job', id),
    part('requestedBy', client),
    part('started', new Date(startedAt)),
    part('completed', completedAt === undefined ? undefined : new Date(completedAt)),
    part('items', removed),
  ];
}

function detailsOf({ counts, answers, kept, digest, report }: ErasureJob): Part[] {
  return [
    ...counts.map(({ store, type, resources, versions }) =>
      group('removed', [part('store', store), part('type', type), part('resources', resources), part('versions', versions)]),
    ),
    part('answers', answers),
    ...kept.map((name) => part('kept', name)),
    part('digest', digest),
    part('report', report),
  ];
}
