/**
 * `POST /$benchmark`: the same generated records and queries sharded against unsharded and partitioned against
 * unpartitioned, as a job. On scratch databases, never on patient data.
 * @see https://hl7.org/fhir/R4/async.html
 */
import definition from '../../fhir/definitions/System-benchmark.json' with { type: 'json' };
import type { InteractionContext } from '../interactions/context.ts';
import type { FhirRequest, FhirResponse } from '../interactions/request.ts';
import type { JobControl, Jobs } from '../jobs/jobs.ts';
import { invalidValue, throttled } from '../model/error.ts';
import type { Administration } from '../store/administration.ts';
import { type BenchmarkOrder, type Comparison, compareLayouts } from './benchmark/measure.ts';
import { defineOperation, type Operation } from './operation.ts';
import { readInput } from './parameters.ts';

/** What is asked for when the client doesn't say, and what a client may ask for. */
const BOUNDS = {
  records: { least: 100, usual: 20_000, most: 200_000 },
  concurrency: { least: 1, usual: 8, most: 32 },
  queries: { least: 10, usual: 200, most: 5_000 },
  rounds: { least: 1, usual: 5, most: 20 },
} as const;

export function createBenchmarkOperation(administration: Administration, jobs: Jobs<readonly Comparison[]>): Operation {
  return defineOperation({
    definition,
    affectsState: true,
    authorise: (access) => access.requireOperation('benchmark', 'c'),
    handle: async (request, context) => {
      const order = readOrder(request, context);
      const job = jobs.start(request.by.client, (control) => compareBoth(administration, order, control));
      if (!job) throw throttled('a benchmark is under way; one at a time', 30);
      return accepted(`${request.baseUrl}/$benchmark-status?job=${job.id}`);
    },
  });
}

/** Both stores, one after the other: side by side they would share the machine's processors. */
async function compareBoth(
  { clinical, administrative }: Administration,
  order: BenchmarkOrder,
  control: JobControl,
): Promise<readonly Comparison[]> {
  const run = control.id.toLowerCase();
  const sharding = await compareLayouts(clinical.openArenas(run), order, control, (share) => control.progress(Math.floor(50 * share)));
  const partitioning = await compareLayouts(administrative.openArenas(run), order, control, (share) =>
    control.progress(50 + Math.floor(49 * share)),
  );
  return [sharding, partitioning];
}

function readOrder(request: FhirRequest, context: InteractionContext): BenchmarkOrder {
  const input = readInput(request, context, 'order');
  const number = (name: keyof typeof BOUNDS) => {
    const { least, usual, most } = BOUNDS[name];
    const text = input.value(name);
    const value = text === undefined ? usual : Number(text);
    if (!Number.isInteger(value) || value < least || value > most)
      throw invalidValue(`${name} is a whole number from ${least} to ${most}, not "${text}"`, name);
    return value;
  };
  return { records: number('records'), concurrency: number('concurrency'), queriesPerRound: number('queries'), rounds: number('rounds') };
}

function accepted(statusUrl: string): FhirResponse {
  return { status: 202, headers: { 'Content-Location': statusUrl } };
}
