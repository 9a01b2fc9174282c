/**
 * Answers that carry one version of a resource, with the headers that R4 asks for.
 * @see https://hl7.org/fhir/R4/http.html#ops
 */
import type { ResourceVersion } from '../../model/resource.ts';
import { etagOf } from '../preconditions.ts';
import type { FhirRequest, FhirResponse } from '../request.ts';
import { outcomeText } from './outcome.ts';

/** `ETag` and `Last-Modified` of a version. */
export function versionHeaders(version: ResourceVersion): Record<string, string> {
  return { ETag: etagOf(version.version), 'Last-Modified': httpDate(version.at) };
}

const httpDate = (at: number): string => new Date(at).toUTCString();

/** "http://…/Patient/1/_history/3"; relative if `baseUrl` is empty. */
function versionUrl(baseUrl: string, version: ResourceVersion): string {
  return `${baseUrl && `${baseUrl}/`}${version.type}/${version.id}/_history/${version.version}`;
}

/**
 * The answer to a write: status, `Location` of a new resource, and the body that `Prefer: return` asks for.
 * @param isShown false if the content is not the client's own and it may not see it: it is then told as for `return=minimal`
 */
export function writeResponse(
  request: Pick<FhirRequest, 'method' | 'prefer' | 'baseUrl'>,
  status: 200 | 201,
  version: ResourceVersion,
  isShown = true,
): FhirResponse {
  const headers = versionHeaders(version);
  if (status === 201 || request.method === 'POST') headers.Location = versionUrl(request.baseUrl, version);
  switch (request.prefer.return) {
    case 'minimal':
      return { status, headers, version };
    case 'OperationOutcome':
      return { status, headers, body: { kind: 'fhir', text: outcomeText([doneIssue(version, status)]) }, version };
    default:
      return isShown ? { status, headers, body: { kind: 'fhir', text: version.raw }, version } : { status, headers, version };
  }
}

function doneIssue(version: ResourceVersion, status: 200 | 201) {
  const diagnostics = `${version.type}/${version.id} ${status === 201 ? 'created' : 'stored'} as version ${version.version}`;
  return { severity: 'information', code: 'informational', diagnostics } as const;
}
