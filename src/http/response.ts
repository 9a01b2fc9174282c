/** The only place that writes answers: values become HTTP, errors become OperationOutcomes. */

import type { Definitions } from '../definitions/definitions.ts';
import { jsonToXml } from '../format/xml.ts';
import { type ErrorLog, errorResponse } from '../interactions/error-response.ts';
import type { FhirResponse } from '../interactions/request.ts';
import { parseLossless, printLossless } from '../model/lossless-json.ts';
import { textOfResource } from '../operations/text-table.ts';
import { DEFAULT_PRESENTATION, type Presentation } from './middleware/negotiate.ts';
import { SECURITY_HEADERS } from './middleware/security-headers.ts';

const JSON_TYPE = 'application/fhir+json; charset=utf-8';
const TEXT_TYPE = 'text/plain; charset=utf-8';
const XML_TYPE = 'application/fhir+xml; charset=utf-8';

export interface ResponseWriter {
  /** `timing` is the value of `Server-Timing`. */
  write(response: FhirResponse, presentation: Presentation, requestId: string, timing: string): Response;
  /** Unknown errors are logged and answered 500 without a word about them. */
  writeError(error: unknown, presentation: Presentation, requestId: string, timing: string): Response;
}

export function createResponseWriter(definitions: Definitions, log: ErrorLog): ResponseWriter {
  function write({ status, headers, body }: FhirResponse, presentation: Presentation, requestId: string, timing: string): Response {
    const all: Record<string, string> = { ...SECURITY_HEADERS, 'X-Request-Id': requestId, 'Server-Timing': timing, ...headers };
    if (!body) return new Response(null, { status, headers: all });
    if (body.kind === 'raw') {
      all['Content-Type'] = body.contentType;
      return new Response(body.bytes as Uint8Array<ArrayBuffer>, { status, headers: all });
    }
    const plain = presentation.isTextWanted ? textOfResource(body.text) : undefined;
    if (plain !== undefined) {
      all['Content-Type'] = TEXT_TYPE;
      return new Response(plain, { status, headers: all });
    }
    all['Content-Type'] = presentation.format === 'json' ? JSON_TYPE : XML_TYPE;
    return new Response(formatted(definitions, body.text, presentation), { status, headers: all });
  }

  function writeError(error: unknown, presentation: Presentation, requestId: string, timing: string): Response {
    const response = errorResponse(error, log, requestId);
    try {
      return write(response, presentation, requestId, timing);
    } catch (cause) {
      // The error must reach the client even if the format that it asked for can't be made.
      log.error('an OperationOutcome could not be written', { requestId, error: cause });
      return write(response, DEFAULT_PRESENTATION, requestId, timing);
    }
  }

  return { write, writeError };
}

function formatted(definitions: Definitions, text: string, { format, isPretty }: Presentation): string {
  if (format === 'xml') return jsonToXml(definitions, text);
  return isPretty ? printLossless(parseLossless(text), { pretty: true }) : text;
}
