/**
 * Delete, also on condition.
 * @see https://hl7.org/fhir/R4/http.html#delete
 * @see https://hl7.org/fhir/R4/http.html#3.1.0.7.1
 */

import type { ResourceVersion } from '../model/resource.ts';
import { outcomeText } from './answer/outcome.ts';
import type { InteractionContext } from './context.ts';
import { checkWritePreconditions, etagOf } from './preconditions.ts';
import { queryText } from './query-text.ts';
import { keyOf } from './read.ts';
import type { FhirRequest, FhirResponse } from './request.ts';
import { untilUndisturbed } from './retry.ts';
import { checkNoCriteria, findMatches, parseCriteria, tooManyMatches } from './write/conditional.ts';
import { deletionOf, writeOf } from './write/prepare-write.ts';
import { checkNotReferredTo } from './write/referential-integrity.ts';

/** 204, also if there is nothing (left) to delete. */
export async function deleteResource(request: FhirRequest, context: InteractionContext): Promise<FhirResponse> {
  return request.id === undefined ? deleteMatches(request, context) : deleteById(request, context);
}

async function deleteById(request: FhirRequest, context: InteractionContext): Promise<FhirResponse> {
  const key = keyOf(request);
  checkNoCriteria(request);
  const deleted = await untilUndisturbed(async () => {
    const current = await context.store.read(key, request.access, 'd');
    checkWritePreconditions(request, current);
    return current && !current.deleted ? commitDeletions(request, context, [current]) : [];
  });
  const headers: Record<string, string> = deleted[0] ? { ETag: etagOf(deleted[0].version + 1) } : {};
  return deletionResponse(request, headers, deleted);
}

async function deleteMatches(request: FhirRequest, context: InteractionContext): Promise<FhirResponse> {
  const criteria = parseCriteria(request, context, request.type as string, queryText(request.query), ['s', 'd']);
  const { maxConditionalDeletes } = context.limits;
  const deleted = await untilUndisturbed(async () => {
    const { matches } = await findMatches(context, criteria, maxConditionalDeletes + 1);
    if (matches.length > maxConditionalDeletes) throw tooManyMatches(criteria, maxConditionalDeletes);
    for (const match of matches) checkWritePreconditions(request, match);
    return commitDeletions(request, context, matches);
  });
  return deletionResponse(request, {}, deleted);
}

/** Gives what was deleted. */
async function commitDeletions(
  request: FhirRequest,
  context: InteractionContext,
  found: readonly ResourceVersion[],
): Promise<readonly ResourceVersion[]> {
  if (found.length === 0) return [];
  if (context.referentialIntegrity) await checkNotReferredTo(context, found);
  const stamp = context.beginWrite(Math.max(...found.map(({ at }) => at)));
  try {
    const drafts = found.map((version) => deletionOf(version, { at: stamp.at, by: request.by }));
    await context.store.commit({ writes: drafts.map((draft, index) => writeOf(draft, found[index])) }, request.access);
    return found;
  } finally {
    stamp.end();
  }
}

function deletionResponse(request: FhirRequest, headers: Record<string, string>, deleted: readonly ResourceVersion[]): FhirResponse {
  if (request.prefer.return !== 'OperationOutcome') return { status: 204, headers, replaced: deleted };
  const names = deleted.map(({ type, id }) => `${type}/${id}`).join(', ');
  const diagnostics = names ? `deleted: ${names}` : 'there was nothing to delete';
  return {
    status: 200,
    headers,
    replaced: deleted,
    body: { kind: 'fhir', text: outcomeText([{ severity: 'information', code: 'informational', diagnostics }]) },
  };
}
