/**
 * The one family of errors that a request can end in.
 *
 * Layers below `http` throw these values; `http/response` maps them, in one place, to a status and an OperationOutcome.
 * @see https://hl7.org/fhir/R4/operationoutcome.html
 */

/** A code of https://hl7.org/fhir/R4/valueset-issue-type.html. */
export type IssueCode =
  | 'invalid'
  | 'structure'
  | 'required'
  | 'value'
  | 'invariant'
  | 'security'
  | 'login'
  | 'expired'
  | 'forbidden'
  | 'suppressed'
  | 'processing'
  | 'not-supported'
  | 'duplicate'
  | 'multiple-matches'
  | 'not-found'
  | 'deleted'
  | 'too-long'
  | 'code-invalid'
  | 'extension'
  | 'too-costly'
  | 'business-rule'
  | 'conflict'
  | 'transient'
  | 'lock-error'
  | 'no-store'
  | 'exception'
  | 'timeout'
  | 'incomplete'
  | 'throttled'
  | 'informational';

/** One problem: what is wrong and where. `expression` is a FHIRPath ("Patient.name[0].given") or a parameter's name. */
export interface Issue {
  readonly severity: 'fatal' | 'error' | 'warning' | 'information';
  readonly code: IssueCode;
  readonly diagnostics: string;
  readonly expression?: readonly string[];
}

/** An error that a client sees. Made only by the named functions below. */
export class FhirError extends Error {
  readonly status: number;
  readonly issues: readonly Issue[];
  /** Response headers that belong to the error, such as `Retry-After` or `WWW-Authenticate`. */
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, issues: readonly Issue[], headers: Readonly<Record<string, string>> = {}, cause?: unknown) {
    super(issues.map((issue) => issue.diagnostics).join('; '), { cause });
    this.name = 'FhirError';
    this.status = status;
    this.issues = issues;
    this.headers = headers;
  }
}

function single(status: number, code: IssueCode, diagnostics: string, expression?: string | readonly string[]): FhirError {
  const places = typeof expression === 'string' ? [expression] : expression;
  return new FhirError(status, [{ severity: 'error', code, diagnostics, ...(places && { expression: places }) }]);
}

/** 400: the element or parameter `expression` holds what it must not. */
export const invalidValue = (diagnostics: string, expression?: string | readonly string[]) => single(400, 'value', diagnostics, expression);
/** 400: the text is not the syntax (JSON, XML, URL) that it claims to be. */
export const malformed = (diagnostics: string, expression?: string) => single(400, 'structure', diagnostics, expression);
/** 400: something that must be there is not. */
export const missingValue = (diagnostics: string, expression?: string) => single(400, 'required', diagnostics, expression);
/** 400: the server does not know this search parameter, modifier or operation parameter. */
export const unsupportedParameter = (diagnostics: string, expression?: string) => single(400, 'not-supported', diagnostics, expression);
/** 400: several problems found by validation, all of them listed; 422 if they are breaches of the server's own rules only. */
export const invalidResource = (issues: readonly Issue[]) =>
  new FhirError(issues.length > 0 && issues.every(({ code }) => code === 'business-rule') ? 422 : 400, issues);
/** 401: no token, or one that can't be trusted. `challenge` is the value of `WWW-Authenticate`. */
export const unauthenticated = (diagnostics: string, challenge: string) =>
  new FhirError(401, [{ severity: 'error', code: 'login', diagnostics }], { 'WWW-Authenticate': challenge });
/** 403: the token's scopes don't allow this. */
export const forbidden = (diagnostics: string, expression?: string) => single(403, 'forbidden', diagnostics, expression);
/** 403: the token lacks `scope`. @see RFC 6750 section 3.1 */
export const insufficientScope = (diagnostics: string, scope: string) =>
  new FhirError(403, [{ severity: 'error', code: 'forbidden', diagnostics }], {
    'WWW-Authenticate': `Bearer error="insufficient_scope", scope="${scope}"`,
  });
/** 404: no such resource, type or route. */
export const notFound = (diagnostics: string) => single(404, 'not-found', diagnostics);
/** 405: the route is there, the method is not. */
export const methodNotAllowed = (diagnostics: string, allow: string) =>
  new FhirError(405, [{ severity: 'error', code: 'not-supported', diagnostics }], { Allow: allow });
/** 406: none of the formats that the client accepts can be made. */
export const notAcceptable = (diagnostics: string, expression?: string) => single(406, 'not-supported', diagnostics, expression);
/** 409: another request is in the way; the same request may succeed when sent again. */
export const conflict = (diagnostics: string, expression?: string) => single(409, 'conflict', diagnostics, expression);
/** 410: the resource was deleted (or archived). */
export const gone = (diagnostics: string) => single(410, 'deleted', diagnostics);
/** 412: `If-Match`, `If-None-Match` or conditional criteria don't hold. */
export const preconditionFailed = (diagnostics: string, code: IssueCode = 'conflict', expression?: string) =>
  single(412, code, diagnostics, expression);
/** 412: the version named by `If-Match` is not the current one. */
export const versionMismatch = (diagnostics: string) => preconditionFailed(diagnostics, 'conflict', 'http.If-Match');
/** 412: conditional criteria match more than one resource. */
export const multipleMatches = (diagnostics: string) => preconditionFailed(diagnostics, 'multiple-matches');
/** 413: the body, Bundle or resource is larger than the server takes. */
export const tooLarge = (diagnostics: string, expression?: string) => single(413, 'too-long', diagnostics, expression);
/** 415: a body in a format that the server can't read. */
export const unsupportedMediaType = (diagnostics: string, header = 'Content-Type') =>
  single(415, 'not-supported', diagnostics, `http.${header}`);
/** 415: the body is encoded in a way that is not taken; `accepted` are. */
export const unsupportedEncoding = (diagnostics: string, accepted: string) =>
  new FhirError(415, [{ severity: 'error', code: 'not-supported', diagnostics }], { 'Accept-Encoding': accepted });
/** 422: the content is well-formed but breaks a rule of the server. */
export const unprocessable = (diagnostics: string, expression?: string) => single(422, 'business-rule', diagnostics, expression);
/** 422: the answer would take more work than the server does for one request. */
export const tooCostly = (diagnostics: string, expression?: string) => single(422, 'too-costly', diagnostics, expression);
/** What names a place in the Bundle stays; all else is about the part. */
function placed({ diagnostics, expression = [] }: Issue, place: string): Pick<Issue, 'diagnostics' | 'expression'> {
  const isPlaced = expression.length > 0 && expression.every((each) => each.startsWith(place));
  return {
    diagnostics: diagnostics.startsWith(place) ? diagnostics : `${place}: ${diagnostics}`,
    expression: isPlaced ? expression : [place],
  };
}

/** The error of a part of a Bundle as that of the whole; `place` is the part: "Bundle.entry[3]". */
export const ofEntry = ({ status, issues, headers, cause }: FhirError, place: string) =>
  new FhirError(
    status,
    issues.map((issue) => ({ ...issue, ...placed(issue, place) })),
    headers,
    cause,
  );
/** 429: too many requests; `retryAfterSeconds` says when to come back. */
export const throttled = (diagnostics: string, retryAfterSeconds: number, headers: Readonly<Record<string, string>> = {}) =>
  new FhirError(429, [{ severity: 'error', code: 'throttled', diagnostics }], { 'Retry-After': String(retryAfterSeconds), ...headers });
/** 500: what a store holds is not what was written; it is not served. */
export const damaged = (diagnostics: string) => single(500, 'exception', diagnostics);
/** 503: a store or shard can't be reached now; nothing was half done. */
export const unavailable = (diagnostics: string, retryAfterSeconds = 2, cause?: unknown) =>
  new FhirError(503, [{ severity: 'error', code: 'transient', diagnostics }], { 'Retry-After': String(retryAfterSeconds) }, cause);
/** 503: the request took longer than the server gives one; what it had begun to write was decided, nothing is half done. */
export const timedOut = (diagnostics: string, { expression, cause }: { expression?: readonly string[]; cause?: unknown } = {}) =>
  new FhirError(
    503,
    [{ severity: 'error', code: 'timeout', diagnostics, ...(expression && { expression }) }],
    { 'Retry-After': '5' },
    cause,
  );
