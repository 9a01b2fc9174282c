/**
 * Patch, also on condition.
 * @see https://hl7.org/fhir/R4/http.html#patch
 */
import { gone, invalidValue, multipleMatches, notFound } from '../model/error.ts';
import type { ResourceVersion } from '../model/resource.ts';
import { writeResponse } from './answer/resource-response.ts';
import type { InteractionContext } from './context.ts';
import { type Patch, readPatch } from './patch/patch-body.ts';
import { unseenPatch, withoutReason } from './patch/unseen-patch.ts';
import { checkWritePreconditions } from './preconditions.ts';
import { queryText } from './query-text.ts';
import { keyOf } from './read.ts';
import type { FhirRequest, FhirResponse } from './request.ts';
import { untilUndisturbed } from './retry.ts';
import { commitVersion } from './write/commit-version.ts';
import { checkNoCriteria, findMatches, parseCriteria } from './write/conditional.ts';
import { type IncomingResource, incomingOf, validateIncoming } from './write/incoming.ts';

export async function patch(request: FhirRequest, context: InteractionContext): Promise<FhirResponse> {
  if (request.id !== undefined) checkNoCriteria(request);
  const change = readPatch(request.body, context);
  const criteria =
    request.id === undefined ? parseCriteria(request, context, request.type as string, queryText(request.query), ['s', 'u']) : undefined;
  return untilUndisturbed(async () => {
    const current = criteria ? await theMatch(context, criteria) : await theResource(request, context);
    checkWritePreconditions(request, current);
    const own = (await context.store.shows(current, request.access)) ? change : unseenPatch(change, current);
    const incoming = patched(context, current, own);
    const { type, id } = current;
    const commit = { incoming, key: { type, id }, current, method: 'PATCH' } as const;
    const { status, version } = await withoutReason(own.isUnseen, () => commitVersion(request, context, commit));
    return writeResponse(request, status, version, await context.store.shows(version, request.access));
  });
}

/** The changed resource, valid, still of the same type and id. @throws FhirError 400 or 422 */
export function patched(context: InteractionContext, current: ResourceVersion, change: Patch): IncomingResource {
  return withoutReason(change.isUnseen, () => applied(context, current, change));
}

function applied(context: InteractionContext, current: ResourceVersion, change: Patch): IncomingResource {
  const incoming = incomingOf(change.apply(current.raw), context);
  const { id, meta } = incoming.tree as { id?: unknown; meta?: { versionId?: unknown } };
  if (incoming.type !== current.type) throw invalidValue('a patch must not change resourceType', `${current.type}.resourceType`);
  if (id !== current.id) throw invalidValue('a patch must not change id', `${current.type}.id`);
  if (meta?.versionId !== undefined && meta.versionId !== String(current.version)) {
    throw invalidValue('a patch must not change meta.versionId', `${current.type}.meta.versionId`);
  }
  validateIncoming(incoming, context);
  return incoming;
}

async function theResource(request: FhirRequest, context: InteractionContext): Promise<ResourceVersion> {
  const key = keyOf(request);
  const current = await context.store.read(key, request.access, 'u');
  if (!current) throw notFound(`there is no ${key.type}/${key.id}`);
  if (current.deleted) throw gone(`${key.type}/${key.id} was deleted`);
  return current;
}

async function theMatch(context: InteractionContext, criteria: ReturnType<typeof parseCriteria>): Promise<ResourceVersion> {
  const { matches } = await findMatches(context, criteria);
  if (matches.length > 1) throw multipleMatches(`several ${criteria.type} resources match "${criteria.text}"`);
  if (!matches[0]) throw notFound(`no ${criteria.type} matches "${criteria.text}"`);
  return matches[0];
}
