/** @see https://hl7.org/fhir/R4/http.html#capabilities */
import { invalidValue } from '../model/error.ts';
import type { InteractionContext } from './context.ts';
import { hasTag } from './preconditions.ts';
import type { FhirRequest, FhirResponse } from './request.ts';

const UNUSED = new Set(['_summary', '_elements']);

/** The CapabilityStatement; 304 if the client has it. `mode` other than `full` is not told apart. */
export async function capabilities(request: FhirRequest, context: InteractionContext): Promise<FhirResponse> {
  const unused = request.query.find(([name]) => UNUSED.has(name));
  if (unused) throw invalidValue(`${unused[0]} can't be used on metadata`, unused[0]);
  const { text, etag } = context.capabilities(request.baseUrl);
  const headers = { ETag: etag, 'Cache-Control': 'no-cache' };
  if (request.ifNoneMatch !== undefined && hasTag(request.ifNoneMatch, etag)) return { status: 304, headers };
  return { status: 200, headers, body: { kind: 'fhir', text } };
}
