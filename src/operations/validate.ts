/** `$validate`: the same checks as a write, and nothing written. @see https://hl7.org/fhir/R4/resource-operation-validate.html */
import definition from '../../fhir/definitions/Resource-validate.json' with { type: 'json' };
import { ALL_OK, outcomeText } from '../interactions/answer/outcome.ts';
import type { InteractionContext } from '../interactions/context.ts';
import { keyOf } from '../interactions/read.ts';
import type { FhirRequest, FhirResponse } from '../interactions/request.ts';
import { checkNotReferredTo } from '../interactions/write/referential-integrity.ts';
import { FhirError, gone, type Issue, invalidValue, missingValue, notFound, unsupportedParameter } from '../model/error.ts';
import type { ResourceVersion } from '../model/resource.ts';
import { defineOperation } from './operation.ts';
import { readInput } from './parameters.ts';

const MODES = ['create', 'update', 'delete', 'profile'];

/** 200 whether or not the resource is valid; the OperationOutcome says. */
export const validate = defineOperation({
  definition,
  affectsState: false,
  // What is stored is looked at on an instance only.
  authorise: (access, { type, id }) => {
    if (id !== undefined) access.require(type as string, 'read');
  },
  handle: async (request, context) => {
    const input = readInput(request, context, 'resource');
    const mode = input.value('mode');
    if (mode !== undefined && !MODES.includes(mode)) throw invalidValue(`mode is one of ${MODES.join(', ')}, not "${mode}"`, 'mode');
    checkProfile(input.value('profile'), request.type);
    if (request.id === undefined && (mode === 'update' || mode === 'delete'))
      throw invalidValue(`mode=${mode} needs the resource's own URL`, 'mode');
    const stored = request.id === undefined ? undefined : await readStored(request, context, mode);
    if (mode === 'delete') return outcome(await deletionProblems(stored, context));
    const resource = input.resource('resource') ?? (stored && (JSON.parse(stored.raw) as Record<string, unknown>));
    if (!resource) throw missingValue('there is no resource to validate', 'resource');
    return outcome([...context.validator.validate(resource, request.type), ...modeProblems(request, resource, mode)]);
  },
});

async function readStored(
  request: FhirRequest,
  context: InteractionContext,
  mode: string | undefined,
): Promise<ResourceVersion | undefined> {
  const { type, id } = keyOf(request);
  const stored = await context.store.read({ type, id }, request.access);
  if (stored && !stored.deleted) return stored;
  if (mode === 'create') return undefined;
  throw stored ? gone(`${type}/${id} was deleted`) : notFound(`there is no ${type}/${id}`);
}

function modeProblems(request: FhirRequest, resource: Readonly<Record<string, unknown>>, mode: string | undefined): Issue[] {
  if (mode !== 'update' || resource.id === request.id) return [];
  const diagnostics = `the URL names id "${request.id}", the resource ${resource.id === undefined ? 'none' : `"${resource.id}"`}`;
  return [{ severity: 'error', code: 'value', diagnostics, expression: [`${request.type}.id`] }];
}

async function deletionProblems(stored: ResourceVersion | undefined, context: InteractionContext): Promise<readonly Issue[]> {
  if (!stored || !context.referentialIntegrity) return [];
  try {
    await checkNotReferredTo(context, [stored]);
    return [];
  } catch (error) {
    if (error instanceof FhirError && error.status === 409) return error.issues;
    throw error;
  }
}

/** R4 wants an error for a profile that can't be checked. @throws FhirError 400 */
function checkProfile(profile: string | undefined, type: string | undefined): void {
  if (profile === undefined || profile === `http://hl7.org/fhir/StructureDefinition/${type}`) return;
  throw unsupportedParameter(`the server can't validate against ${profile}, only against R4 itself`, 'profile');
}

function outcome(issues: readonly Issue[]): FhirResponse {
  return { status: 200, headers: {}, body: { kind: 'fhir', text: outcomeText(issues.length > 0 ? issues : [ALL_OK]) } };
}
