/** The only place that writes answers: values become HTTP, errors become OperationOutcomes. */

import type { Definitions } from '../definitions/definitions.ts';
import { jsonToXml } from '../format/xml.ts';
import { type ErrorLog, errorResponse } from '../interactions/answer/error-response.ts';
import type { FhirResponse } from '../interactions/request.ts';
import type { Route } from '../interactions/route.ts';
import { parseLossless, printLossless } from '../model/lossless-json.ts';
import { textOfResource } from '../operations/text-table.ts';
import type { StoreStates } from '../store/read-terms.ts';
import { acceptedEncoding, compressed } from './middleware/compress.ts';
import { DEFAULT_PRESENTATION, type Presentation } from './middleware/negotiate.ts';
import { SECURITY_HEADERS, SECURITY_HEADERS_OF_TLS } from './middleware/security-headers.ts';

const JSON_TYPE = 'application/fhir+json; charset=utf-8';
const TEXT_TYPE = 'text/plain; charset=utf-8';
const XML_TYPE = 'application/fhir+xml; charset=utf-8';

interface ResponseWriterOptions {
  readonly definitions: Definitions;
  readonly log: ErrorLog;
  /** Clients come by HTTPS. */
  readonly isSecure: boolean;
  /** Bodies of at least so many characters are compressed for clients that ask; 0: none. */
  readonly compressFrom: number;
  /** The value of `Consistency-Token` for who has shown a token of access. */
  readonly consistencyToken?: ((shown?: StoreStates) => string | undefined) | undefined;
}

/** What is known of a request when its answer is written. */
export interface Exchange {
  readonly requestId: string;
  /** The value of `Server-Timing`, asked for once. */
  readonly timing: () => string;
  presentation: Presentation;
  /** `Accept-Encoding` as it came. */
  readonly acceptEncoding: string | undefined;
  /** What the request asks for, once known. */
  route?: Route;
  /** Who asks, once known. */
  client?: string;
  /** True if the request asks to break the glass. */
  readonly breaksGlass: boolean;
  /** The states that the client has seen before, by its consistency token. */
  shown?: StoreStates | undefined;
  /** Headers of every answer to this request, such as `RateLimit`. */
  headers?: Readonly<Record<string, string>>;
}

export interface ResponseWriter {
  write(response: FhirResponse, exchange: Exchange): Response | Promise<Response>;
  /** Unknown errors are logged and answered 500 without a word about them. */
  writeError(error: unknown, exchange: Exchange): Response | Promise<Response>;
}

export function createResponseWriter({
  definitions,
  log,
  isSecure,
  compressFrom,
  consistencyToken,
}: ResponseWriterOptions): ResponseWriter {
  const securityHeaders = isSecure ? SECURITY_HEADERS_OF_TLS : SECURITY_HEADERS;

  function write({ status, headers, body }: FhirResponse, exchange: Exchange): Response | Promise<Response> {
    const all: Record<string, string> = {
      ...securityHeaders,
      'X-Request-Id': exchange.requestId,
      'Server-Timing': exchange.timing(),
      ...exchange.headers,
      ...headers,
    };
    // A refusal is of no state, and two refusals must not be told apart by what was written between them.
    const state = exchange.client === undefined || status >= 400 ? undefined : consistencyToken?.(exchange.shown);
    if (state !== undefined) all['Consistency-Token'] = state;
    if (!body) return new Response(null, { status, headers: all });
    if (body.kind === 'raw') {
      all['Content-Type'] = body.contentType;
      return new Response(body.bytes as Uint8Array<ArrayBuffer>, { status, headers: all });
    }
    const { presentation } = exchange;
    const plain = presentation.isTextWanted ? textOfResource(body.text) : undefined;
    all['Content-Type'] = plain !== undefined ? TEXT_TYPE : presentation.format === 'json' ? JSON_TYPE : XML_TYPE;
    const text = plain ?? formatted(definitions, body.text, presentation);
    const encoding = compressFrom > 0 && text.length >= compressFrom ? acceptedEncoding(exchange.acceptEncoding) : undefined;
    if (encoding === undefined) return new Response(text, { status, headers: all });
    all['Content-Encoding'] = encoding;
    return compressed(text, encoding).then((bytes) => new Response(bytes, { status, headers: all }));
  }

  function writeError(error: unknown, exchange: Exchange): Response | Promise<Response> {
    const response = errorResponse(error, log, exchange.requestId);
    try {
      return write(response, exchange);
    } catch (cause) {
      // The error must reach the client even if the format that it asked for can't be made.
      log.error('an OperationOutcome could not be written', { requestId: exchange.requestId, error: cause });
      return write(response, { ...exchange, presentation: DEFAULT_PRESENTATION });
    }
  }

  return { write, writeError };
}

function formatted(definitions: Definitions, text: string, { format, isPretty }: Presentation): string {
  if (format === 'xml') return jsonToXml(definitions, text);
  return isPretty ? printLossless(parseLossless(text), { pretty: true }) : text;
}
