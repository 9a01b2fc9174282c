/** `GET /$benchmark-status?job=…`: 202 with the progress while the job runs, then its figures. */
import definition from '../../fhir/definitions/System-benchmark-status.json' with { type: 'json' };
import type { JobReport, Jobs } from '../jobs/jobs.ts';
import { missingValue, notFound, unavailable } from '../model/error.ts';
import { group, type Part, parametersAnswer, part } from './answer.ts';
import type { Comparison, LatencyFigures } from './benchmark/measure.ts';
import { defineOperation, type Operation } from './operation.ts';

export function createBenchmarkStatusOperation(jobs: Jobs<readonly Comparison[]>): Operation {
  return defineOperation({
    definition,
    affectsState: false,
    authorise: (access) => access.requireOperation('benchmark', 'c'),
    handle: async ({ query, by }) => {
      const id = query.find(([name]) => name === 'job')?.[1];
      if (!id) throw missingValue('which job? The address came with the start of the benchmark', 'job');
      const report = jobs.find(id, by.client);
      if (!report) throw notFound(`there is no benchmark job "${id}"`);
      return answerFor(report);
    },
  });
}

function answerFor(report: JobReport<readonly Comparison[]>) {
  switch (report.state) {
    case 'accepted':
    case 'running':
      return { status: 202, headers: { 'X-Progress': `${report.percent}%`, 'Retry-After': '2' } };
    case 'failed':
      throw unavailable(`the benchmark failed: ${report.problem}`);
    case 'cancelled':
      throw notFound('the benchmark was cancelled');
    case 'completed':
      return parametersAnswer((report.result ?? []).map(comparisonPart));
  }
}

function comparisonPart({ layouts, records, queries }: Comparison): Part {
  return group('comparison', [
    part('layout', layouts[0]),
    part('against', layouts[1]),
    part('records', records),
    ...queries.map(({ query, figures, ratio, explain }) =>
      group('query', [
        part('name', query),
        part('ratio', round(ratio)),
        ...Object.entries(figures).map(([layout, each]) => figuresPart(layout, each)),
        ...Object.entries(explain).map(([layout, plan]) => group('explain', [part('layout', layout), part('plan', JSON.stringify(plan))])),
      ]),
    ),
  ]);
}

function figuresPart(layout: string, { perSecond, p50, p95, p99 }: LatencyFigures): Part {
  return group('figures', [
    part('layout', layout),
    part('perSecond', Math.round(perSecond)),
    part('p50Milliseconds', round(p50)),
    part('p95Milliseconds', round(p95)),
    part('p99Milliseconds', round(p99)),
  ]);
}

const round = (value: number) => Math.round(value * 1000) / 1000;
