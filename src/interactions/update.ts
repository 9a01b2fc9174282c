/**
 * Update, update as create, and update on condition.
 * @see https://hl7.org/fhir/R4/http.html#update
 * @see https://hl7.org/fhir/R4/http.html#cond-update
 */
import { conflict, FhirError, invalidValue, missingValue, multipleMatches } from '../model/error.ts';
import type { ResourceVersion } from '../model/resource.ts';
import { CommitRefused } from '../store/store.ts';
import { writeResponse } from './answer/resource-response.ts';
import type { InteractionContext } from './context.ts';
import { checkWritePreconditions } from './preconditions.ts';
import { queryText } from './query-text.ts';
import type { FhirRequest, FhirResponse } from './request.ts';
import { untilUndisturbed } from './retry.ts';
import { checkId } from './route.ts';
import { commitVersion, type Stored } from './write/commit-version.ts';
import { type Criteria, checkNoCriteria, findMatches, parseCriteria } from './write/conditional.ts';
import { newId } from './write/identity.ts';
import { type IncomingResource, readIncoming } from './write/incoming.ts';

export async function update(request: FhirRequest, context: InteractionContext): Promise<FhirResponse> {
  if (request.id !== undefined) {
    checkId(request.id, 'id');
    checkNoCriteria(request);
  }
  const incoming = readIncoming(request, context);
  const { status, version } =
    request.id === undefined ? await updateMatch(request, context, incoming) : await updateById(request, context, incoming, request.id);
  return writeResponse(request, status, version);
}

async function updateById(request: FhirRequest, context: InteractionContext, incoming: IncomingResource, id: string): Promise<Stored> {
  if (incoming.tree.id === undefined) throw missingValue(`the body needs the id that the URL names, "${id}"`, `${incoming.type}.id`);
  if (incoming.tree.id !== id) throw invalidValue(`the URL names id "${id}", the body "${incoming.tree.id}"`, `${incoming.type}.id`);
  const key = { type: incoming.type, id };
  const replace = (current: ResourceVersion | undefined) => {
    checkWritePreconditions(request, current);
    return commitVersion(request, context, { incoming, key, current, method: 'PUT' });
  };
  const recalled = context.store.recall(key, request.access, 'u');
  const stored = recalled && (await replaceRecalled(recalled, replace));
  return stored ?? untilUndisturbed(async () => replace(await context.store.read(key, request.access, 'u')));
}

/** The version stored over a recalled one. Undefined if that may be out of date: whatever speaks against the write then says nothing. */
async function replaceRecalled(
  recalled: ResourceVersion,
  replace: (current: ResourceVersion) => Promise<Stored>,
): Promise<Stored | undefined> {
  try {
    const stored = await replace(recalled);
    return stored.version === recalled ? undefined : stored;
  } catch (error) {
    if (error instanceof CommitRefused || (error instanceof FhirError && error.status === 412)) return undefined;
    throw error;
  }
}

function updateMatch(request: FhirRequest, context: InteractionContext, incoming: IncomingResource): Promise<Stored> {
  const criteria = parseCriteria(request, context, incoming.type, queryText(request.query), ['s', 'u']);
  return untilUndisturbed(async () => {
    const { matches, guard } = await findMatches(context, criteria);
    const [match] = matches;
    if (matches.length > 1) throw multipleMatches(`several ${incoming.type} resources match "${criteria.text}"`);
    checkWritePreconditions(request, match);
    if (!match) return createUnmatched(request, context, incoming, criteria, guard);
    const { type, id } = match;
    if (incoming.tree.id !== undefined && incoming.tree.id !== id) {
      throw invalidValue(`"${criteria.text}" matches ${type}/${id}, the body has id "${incoming.tree.id}"`, `${type}.id`);
    }
    return commitVersion(request, context, { incoming, key: { type, id }, current: match, method: 'PUT' });
  });
}

/** Nothing matched: create, with the body's id if it has one that is free. */
async function createUnmatched(
  request: FhirRequest,
  context: InteractionContext,
  incoming: IncomingResource,
  criteria: Criteria,
  guard: Awaited<ReturnType<typeof findMatches>>['guard'],
): Promise<Stored> {
  const { type, tree } = incoming;
  if (typeof tree.id !== 'string') {
    const key = { type, id: newId(context, type, tree) };
    return commitVersion(request, context, { incoming, key, method: 'PUT', idAssigned: true, guards: [guard] });
  }
  const key = { type, id: tree.id };
  const current = await context.store.read(key, request.access, 'u');
  if (current && !current.deleted)
    throw conflict(`"${criteria.text}" matches nothing, but ${type}/${key.id} is there already`, `${type}.id`);
  return commitVersion(request, context, { incoming, key, current, method: 'PUT', guards: [guard] });
}
