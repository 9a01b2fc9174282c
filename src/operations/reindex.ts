/**
 * `POST /$reindex`: makes the index entries of everything that is stored anew, as a job that outlives the gateway. Needed when
 * a new version of the server indexes differently; parameters that are posted have runs of their own.
 * @see https://hl7.org/fhir/R4/async.html
 */
import definition from '../../fhir/definitions/System-reindex.json' with { type: 'json' };
import type { InteractionContext } from '../interactions/context.ts';
import type { FhirRequest } from '../interactions/request.ts';
import { invalidValue, throttled, unsupportedParameter } from '../model/error.ts';
import type { ReindexJobs } from '../store/reindex.ts';
import { defineOperation, type Operation } from './operation.ts';
import { readInput } from './parameters.ts';

/** Runs on demand that are remembered. */
const REMEMBERED = 20;

/** @param textForm what all gateways announce that write texts as this one does; undefined where none are encrypted */
export function createReindexOperation(jobs: ReindexJobs, textForm?: string): Operation {
  return defineOperation({
    definition,
    affectsState: true,
    authorise: (access) => access.requireOperation('reindex', 'c'),
    handle: async (request, context) => {
      const types = typesAskedFor(request, context);
      const awaits = hasTexts(request, context) ? { awaits: allTexts(types, context, textForm) } : {};
      const asked = (await jobs.list()).filter(({ client }) => client !== undefined);
      if (asked.some(({ completedAt }) => completedAt === undefined)) throw throttled('the index is being made anew already', 30);
      await Promise.all(asked.slice(0, Math.max(0, asked.length - REMEMBERED + 1)).map(({ id }) => jobs.remove(id)));
      const id = context.newUlid();
      await jobs.add({ id, client: request.by.client, types, ...awaits, startedAt: context.now() });
      return { status: 202, headers: { 'Content-Location': `${request.baseUrl}/$reindex-status?job=${id}` } };
    },
  });
}

function hasTexts(request: FhirRequest, context: InteractionContext): boolean {
  const value = readInput(request, context, 'order').value('texts') ?? 'false';
  if (value !== 'true' && value !== 'false') throw invalidValue(`texts: "${value}" is neither true nor false`, 'texts');
  return value === 'true';
}

/** Only a run over everything can tell that a key is needed no more. @throws FhirError 400 */
function allTexts(types: readonly string[], { definitions }: InteractionContext, textForm: string | undefined): string {
  if (textForm === undefined) throw unsupportedParameter('texts: this server has no field encryption', 'texts');
  if (types.length < definitions.resourceTypes.length) throw invalidValue('texts goes through all types: leave out type', 'texts');
  return textForm;
}

/** @throws FhirError 400 */
function typesAskedFor(request: FhirRequest, context: InteractionContext): readonly string[] {
  const wanted = readInput(request, context, 'order').values('type');
  const unknown = wanted.find((type) => !context.definitions.isResourceType(type));
  if (unknown !== undefined) throw invalidValue(`"${unknown}" is not a resource type of FHIR R4`, 'type');
  return wanted.length > 0 ? [...new Set(wanted)] : context.definitions.resourceTypes;
}
