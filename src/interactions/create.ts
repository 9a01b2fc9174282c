/**
 * Create, also on condition (`If-None-Exist`).
 * @see https://hl7.org/fhir/R4/http.html#create
 * @see https://hl7.org/fhir/R4/http.html#ccreate
 */
import { multipleMatches } from '../model/error.ts';
import { writeResponse } from './answer/resource-response.ts';
import type { InteractionContext } from './context.ts';
import type { FhirRequest, FhirResponse } from './request.ts';
import { untilUndisturbed } from './retry.ts';
import { commitVersion, type Stored } from './write/commit-version.ts';
import { type Criteria, checkNoCriteria, findMatches, parseCriteria } from './write/conditional.ts';
import { once, recordOf } from './write/idempotency.ts';
import { newId } from './write/identity.ts';
import { type IncomingResource, readIncoming } from './write/incoming.ts';

/** The id is the server's; one in the body is ignored. 201, or 200 with the resource that `If-None-Exist` matched. */
export async function create(request: FhirRequest, context: InteractionContext): Promise<FhirResponse> {
  checkNoCriteria(request);
  const incoming = readIncoming(request, context);
  const criteria = request.ifNoneExist === undefined ? undefined : parseCriteria(request, context, incoming.type, request.ifNoneExist);
  return once(request, context, () =>
    untilUndisturbed(async () => {
      const { status, version } = criteria
        ? await createIfNone(request, context, incoming, criteria)
        : await store(request, context, incoming);
      // What was made is the client's own; what matched may hold more than it may see.
      const isShown = status === 201 || (await context.store.shows(version, request.access));
      return writeResponse(request, status, version, isShown);
    }),
  );
}

async function createIfNone(
  request: FhirRequest,
  context: InteractionContext,
  incoming: IncomingResource,
  criteria: Criteria,
): Promise<Stored> {
  const { matches, guard } = await findMatches(context, criteria);
  const [match] = matches;
  if (!match) return store(request, context, incoming, [guard]);
  if (matches.length > 1) throw multipleMatches(`If-None-Exist: several ${incoming.type} resources match "${criteria.text}"`);
  return { status: 200, version: match };
}

function store(
  request: FhirRequest,
  context: InteractionContext,
  incoming: IncomingResource,
  guards?: Parameters<typeof commitVersion>[2]['guards'],
) {
  const key = { type: incoming.type, id: newId(context, incoming.type, incoming.tree) };
  const idempotency = recordOf(request);
  return commitVersion(request, context, { incoming, key, method: 'POST', idAssigned: true, guards, idempotency });
}
