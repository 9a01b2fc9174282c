/** Pass 7: answers in the order of the request. GETs are carried out here, after the commit. */
import type { ResourceVersion } from '../../model/resource.ts';
import { errorResponse } from '../answer/error-response.ts';
import { writeResponse } from '../answer/resource-response.ts';
import { mapBounded } from '../bounded.ts';
import { bundleText } from '../bundle/bundle-text.ts';
import { responseEntry } from '../bundle/entry-response.ts';
import type { InteractionContext } from '../context.ts';
import type { FhirRequest, FhirResponse } from '../request.ts';
import type { CheckedEntry } from './checked-entry.ts';

/** What became of an entry that wrote (or matched): by entry index. */
export interface Written {
  readonly status: 200 | 201 | 204;
  readonly version: ResourceVersion | undefined;
}

export async function respond(
  entries: readonly CheckedEntry[],
  written: ReadonlyMap<number, Written>,
  outer: FhirRequest,
  context: InteractionContext,
): Promise<FhirResponse> {
  const answers = await mapBounded(entries, context.limits.batchConcurrency, async (checked) => {
    const done = written.get(checked.entry.index);
    if (done) return responseEntry(writtenResponse(done, outer, await isShown(checked, done, context)));
    return responseEntry(await getResponse(checked, outer, context));
  });
  return { status: 200, headers: {}, body: { kind: 'fhir', text: bundleText('transaction-response', [], undefined, answers) } };
}

/** A whole Bundle is told what was stored only if it asks (`return=representation`): the client has it already. */
function writtenResponse({ status, version }: Written, outer: FhirRequest, isSeen: boolean): FhirResponse {
  if (!version || status === 204) return { status, headers: {}, version };
  const prefer = outer.prefer.return === undefined ? { return: 'minimal' as const } : outer.prefer;
  return writeResponse({ method: 'POST', prefer, baseUrl: '' }, status, version, isSeen);
}

/** What a create or update stored is the client's own; what a patch made, or a condition found, may hold more than it may see. */
function isShown({ kind, request }: CheckedEntry, { status, version }: Written, { store }: InteractionContext): boolean | Promise<boolean> {
  const isOwn = kind === 'update' || (kind === 'create' && status === 201);
  return isOwn || version === undefined || store.shows(version, request.access);
}

/** A GET that fails only now (see `check-gets.ts`), after the commit: the error is its entry's. */
async function getResponse({ request }: CheckedEntry, outer: FhirRequest, context: InteractionContext): Promise<FhirResponse> {
  try {
    return await context.dispatch(request);
  } catch (error) {
    return errorResponse(error, context.log, outer.by.request);
  }
}
