/**
 * `POST /$benchmark`: the same generated records and queries sharded against unsharded and partitioned against
 * unpartitioned, as a job. On scratch databases, never on patient data. `GET` lists the runs that were kept.
 * @see https://hl7.org/fhir/R4/async.html
 */
import definition from '../../fhir/definitions/System-benchmark.json' with { type: 'json' };
import type { InteractionContext } from '../interactions/context.ts';
import type { FhirRequest, FhirResponse } from '../interactions/request.ts';
import { throttled, unsupportedParameter } from '../model/error.ts';
import type { Administration } from '../store/administration.ts';
import { group, type Part, parametersAnswer, part } from './answer.ts';
import type { BenchmarkBench } from './benchmark/bench.ts';
import { setsToFail } from './benchmark/failover.ts';
import { readOrder } from './benchmark/order.ts';
import { changeParts, reportParts } from './benchmark/present.ts';
import { runBenchmark } from './benchmark/run.ts';
import { defineOperation, type Operation } from './operation.ts';
import { readPairs } from './parameters.ts';

const RETRY_SECONDS = 30;

export function createBenchmarkOperation(administration: Administration, bench: BenchmarkBench): Operation {
  return defineOperation({
    definition,
    affectsState: true,
    methods: ['HEAD', 'GET', 'POST'],
    authorise: (access) => access.requireOperation('benchmark', 'c'),
    handle: (request, context) => (request.method === 'POST' ? start(request, context, administration, bench) : tell(request, bench)),
  });
}

async function start(
  request: FhirRequest,
  context: InteractionContext,
  administration: Administration,
  bench: BenchmarkBench,
): Promise<FhirResponse> {
  const order = readOrder(readPairs(request, context));
  // They do what `$replica` does, so they need what that needs.
  if (order.suite === 'failover' || order.suite === 'bundle-crash') request.access.requireOperation('replica', 'u');
  if (order.suite === 'failover') await setsToFail(administration);
  const id = await bench.start(request.by.client, (control) => runBenchmark(administration, order, control));
  if (id === undefined) throw throttled('a benchmark is under way; one at a time', RETRY_SECONDS);
  return { status: 202, headers: { 'Content-Location': `${request.baseUrl}/$benchmark-status?job=${id}` } };
}

/** All runs, or `run` (by default the newest) whole, or beside the one named by `compare`. */
async function tell({ query }: FhirRequest, bench: BenchmarkBench): Promise<FhirResponse> {
  const unknown = query.find(([name]) => name !== 'run' && name !== 'compare');
  if (unknown) throw unsupportedParameter(`$benchmark has no parameter "${unknown[0]}" for GET`, unknown[0]);
  const asked = (name: string) => query.findLast(([each]) => each === name)?.[1];
  const [run, compare] = [asked('run'), asked('compare')];
  if (run === undefined && compare === undefined) return parametersAnswer((await bench.kept()).map(summaryPart));
  const now = await bench.find(run, 'run');
  const parts = [part('run', now.id), part('started', now.startedAt), part('finished', now.finishedAt)];
  if (compare === undefined) return parametersAnswer([...parts, ...reportParts(now.report)]);
  const before = await bench.find(compare, 'compare');
  return parametersAnswer([...parts, part('comparedWith', before.id), ...changeParts(now.report, before.report)]);
}

function summaryPart({ id, startedAt, finishedAt, report }: Awaited<ReturnType<BenchmarkBench['kept']>>[number]): Part {
  const headline = report.grounds.flatMap(({ overall }) => overall);
  const shown = headline.map(
    ({ layout, against, concurrency, estimate, low, high }) =>
      `${layout} against ${against} at ${concurrency}: ${estimate.toFixed(2)} (${low.toFixed(2)} to ${high.toFixed(2)})`,
  );
  return group('run', [
    part('run', id),
    part('started', startedAt),
    part('seconds', Math.round((finishedAt.getTime() - startedAt.getTime()) / 1000)),
    part('suite', report.order.suite),
    part('records', report.order.records),
    part('ratios', shown.join('; ')),
  ]);
}
