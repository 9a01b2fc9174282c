/**
 * `POST /Patient/{id}/$expunge`: removes a patient's record for good, as a job that outlives the gateway. `dry-run` tells what
 * would go.
 * @see https://hl7.org/fhir/R4/async.html
 */
import definition from '../../fhir/definitions/Patient-expunge.json' with { type: 'json' };
import { NO_NAMES } from '../jobs/erasure-digest.ts';
import { type ErasurePlan, planErasure } from '../jobs/plan-erasure.ts';
import type { ErasureServices } from '../jobs/run-erasure.ts';
import { conflict, invalidValue, notFound } from '../model/error.ts';
import { group, parametersAnswer, part } from './answer.ts';
import { defineOperation, type Operation } from './operation.ts';
import { readInput } from './parameters.ts';

type ExpungeServices = Pick<
  ErasureServices,
  'jobs' | 'resources' | 'erasure' | 'indexer' | 'definitions' | 'placesOf' | 'storeOf' | 'now'
> & {
  /** Closes the record on this gateway at once. */
  readonly refresh: () => Promise<void>;
};

export function createExpungeOperation(services: ExpungeServices): Operation {
  const { jobs } = services;
  return defineOperation({
    definition,
    affectsState: true,
    authorise: (access) => access.requireOperation('expunge', 'd'),
    handle: async (request, context) => {
      const input = readInput(request, context, '');
      const patient = request.id as string;
      const also = input.values('also');
      const isDryRun = booleanOf(input.value('dry-run'), 'dry-run');
      const wrong = also.find((name) => !/^[A-Z][A-Za-z]+\/[A-Za-z0-9\-.]{1,64}$/.test(name) || name.startsWith('Patient/'));
      if (wrong !== undefined) throw invalidValue(`also: "${wrong}" is not the Type/id of a resource other than a patient`, 'also');
      // Before the plan: the patient goes early, the erasure on.
      const isBegun = !isDryRun && (await jobs.listOpen()).some((job) => job.patient === patient);
      if (isBegun) throw conflict(`Patient/${patient} is being erased already`);
      const plan = await planErasure(patient, also, services);
      if (plan.items.length === 0) throw notFound(`there is no Patient/${patient}`);
      if (isDryRun) return parametersAnswer(partsOf(plan, services.storeOf));
      const { client, subject, request: requestId } = request.by;
      const id = context.newUlid();
      const begun = { counts: [], answers: 0, digest: NO_NAMES, removed: 0, kept: [] };
      await jobs.add({ id, client, subject, request: requestId, patient, also, startedAt: services.now(), ...begun });
      await services.refresh();
      return { status: 202, headers: { 'Content-Location': `${request.baseUrl}/$expunge-status?job=${id}` } };
    },
  });
}

/** @throws FhirError 400 */
function booleanOf(text: string | undefined, name: string): boolean {
  if (text !== undefined && text !== 'true' && text !== 'false') throw invalidValue(`${name} must be true or false, not "${text}"`, name);
  return text === 'true';
}

function partsOf({ items, shared }: ErasurePlan, storeOf: ErasureServices['storeOf']) {
  const types = [...new Set(items.map(({ type }) => type))].sort();
  return [
    ...types.map((type) => {
      const ofType = items.filter((item) => item.type === type);
      return group('removed', [
        part('store', storeOf(type)),
        part('type', type),
        part('resources', ofType.filter(({ kind }) => kind === 'whole').length),
        part(
          'versions',
          ofType.reduce((sum, { versions }) => sum + versions.length, 0),
        ),
      ]);
    }),
    ...shared.map((name) => part('kept', name)),
  ];
}
