/**
 * `GET /$benchmark-status?job=…`: 202 with the progress while the job runs, then its figures. `DELETE` cancels it.
 * @see https://hl7.org/fhir/R4/async.html
 */
import definition from '../../fhir/definitions/System-benchmark-status.json' with { type: 'json' };
import type { FhirRequest, FhirResponse } from '../interactions/request.ts';
import type { JobReport } from '../jobs/jobs.ts';
import { missingValue, notFound, unavailable } from '../model/error.ts';
import { unreachable } from '../model/unreachable.ts';
import { parametersAnswer, part } from './answer.ts';
import type { BenchmarkBench } from './benchmark/bench.ts';
import { reportParts } from './benchmark/present.ts';
import type { BenchmarkReport } from './benchmark/report.ts';
import { defineOperation, type Operation } from './operation.ts';
import { readInput } from './parameters.ts';

export function createBenchmarkStatusOperation(bench: BenchmarkBench): Operation {
  return defineOperation({
    definition,
    affectsState: false,
    methods: ['HEAD', 'GET', 'POST', 'DELETE'],
    authorise: (access) => access.requireOperation('benchmark', 'c'),
    handle: async (request, context) => {
      const id = readInput(request, context, '').value('job');
      if (!id) throw missingValue('which job? The address came with the start of the benchmark', 'job');
      return request.method === 'DELETE' ? cancel(id, request, bench) : tell(id, request, bench);
    },
  });
}

/** What has ended already is deleted as far as its client is concerned; its figures stay among the kept runs. */
function cancel(id: string, { by }: FhirRequest, bench: BenchmarkBench): FhirResponse {
  const job = bench.job(id, by.client);
  if (!job || job.state === 'cancelled') throw notFound(`there is no benchmark job "${id}"`);
  bench.cancel(id, by.client);
  return { status: 202, headers: {} };
}

async function tell(id: string, { by }: FhirRequest, bench: BenchmarkBench): Promise<FhirResponse> {
  const job = bench.job(id, by.client);
  if (job) return answerFor(job);
  // It ended before this gateway started, or it ran on another.
  const run = (await bench.kept()).find((each) => each.id === id);
  if (!run) throw notFound(`there is no benchmark job "${id}"`);
  return parametersAnswer([part('run', id), ...reportParts(run.report)]);
}

function answerFor({ id, state, percent, problem, result }: JobReport<BenchmarkReport>): FhirResponse {
  switch (state) {
    case 'accepted':
    case 'running':
      return { status: 202, headers: { 'X-Progress': `${percent}%`, 'Retry-After': '2' } };
    case 'failed':
      throw unavailable(`the benchmark failed: ${problem}`);
    case 'cancelled':
      throw notFound('the benchmark was cancelled');
    case 'completed':
      return parametersAnswer([part('run', id), ...(result ? reportParts(result) : [])]);
    default:
      return unreachable(state);
  }
}
