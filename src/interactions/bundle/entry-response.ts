/** An answer as an entry of a batch-response or transaction-response. */
import { STATUS_CODES } from 'node:http';
import { etagOf } from '../preconditions.ts';
import type { FhirResponse } from '../request.ts';

/** JSON text. An error's OperationOutcome is `response.outcome`; a resource is `resource`. */
export function responseEntry({ status, headers, body, version }: FhirResponse): string {
  const head = JSON.stringify({
    status: `${status} ${STATUS_CODES[status] ?? ''}`.trim(),
    location: headers.Location,
    etag: headers.ETag ?? (version && etagOf(version.version)),
    lastModified: version && new Date(version.at).toISOString(),
  });
  if (body?.kind !== 'fhir') return `{"response":${head}}`;
  if (status >= 400 || body.text.startsWith('{"resourceType":"OperationOutcome"'))
    return `{"response":${head.slice(0, -1)},"outcome":${body.text}}}`;
  return `{"resource":${body.text},"response":${head}}`;
}
