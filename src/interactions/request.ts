/**
 * A FHIR request and its answer as plain values. Handlers see these and never HTTP: the same handler answers a request
 * from a socket and an entry of a batch.
 * @see https://hl7.org/fhir/R4/http.html
 */
import type { AccessDecision, InteractionCode } from '../access/decision.ts';
import type { Author, ResourceKey, ResourceVersion } from '../model/resource.ts';

/** What `Prefer` asks for; only what was said. */
export interface Preferences {
  readonly return?: 'minimal' | 'representation' | 'OperationOutcome';
  readonly handling?: 'strict' | 'lenient';
  readonly respondAsync?: boolean;
}

/** Conditions of the request, header values as they came (`W/"3"`), not yet understood. */
export interface Preconditions {
  readonly ifMatch?: string;
  readonly ifNoneMatch?: string;
  readonly ifModifiedSince?: string;
  readonly ifUnmodifiedSince?: string;
  /** A search query without `?`: "identifier=a|b". */
  readonly ifNoneExist?: string;
}

/** A body as received. `fhir`: a resource as JSON text (XML is JSON text by now). `raw`: bytes of some other type. */
export type RequestBody =
  | { readonly kind: 'fhir'; readonly text: string; readonly tree?: unknown }
  | { readonly kind: 'json-patch'; readonly text: string }
  | { readonly kind: 'form'; readonly pairs: readonly (readonly [string, string])[] }
  | { readonly kind: 'raw'; readonly bytes: Uint8Array; readonly contentType: string };

export interface FhirRequest extends Preconditions {
  readonly interaction: InteractionCode | 'operation';
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Path below the base, no query: "Patient/1/_history". */
  readonly path: string;
  readonly type?: string;
  readonly id?: string;
  readonly versionId?: string;
  /** The compartment that a search stays in: `Patient/1` of `Patient/1/Observation`. */
  readonly compartment?: ResourceKey;
  /** The name of an operation without `$`. */
  readonly operation?: string;
  /** Parameters of the URL in order, decoded; those about format (`_format`, `_pretty`) are taken out. */
  readonly query: readonly (readonly [string, string])[];
  readonly prefer: Preferences;
  /** A hash of who asks and `Idempotency-Key`, and one of method, URL and body. */
  readonly idempotency?: { readonly key: string; readonly bodyHash: string };
  readonly body?: RequestBody;
  /** `X-Security-Context` of a raw upload: the resource whose access rules the Binary shares. */
  readonly securityContext?: string;
  /** True if the client asked for a resource in a FHIR format by name, so that a Binary is not sent as its content. */
  readonly acceptsFhirOnly: boolean;
  readonly access: AccessDecision;
  readonly by: Author;
  /** Absolute, no slash at the end: "http://127.0.0.1:8080/fhir/R4". */
  readonly baseUrl: string;
}

/** The body of an answer: a resource as JSON text, written as JSON or XML further out, or bytes of some other type. */
export type ResponseBody =
  | { readonly kind: 'fhir'; readonly text: string }
  | { readonly kind: 'raw'; readonly bytes: Uint8Array; readonly contentType: string };

export interface FhirResponse {
  readonly status: number;
  /** Names as written on the wire: `ETag`, `Location`, `Last-Modified`. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: ResponseBody;
  /** The version that the answer is about, for entries of Bundles and the audit. */
  readonly version?: ResourceVersion;
  /** The versions that a delete made an end of, for the audit. */
  readonly replaced?: readonly ResourceVersion[];
}

/** One interaction: takes the request, gives the answer, throws FhirError. */
export type Handler<Context> = (request: FhirRequest, context: Context) => Promise<FhirResponse>;
