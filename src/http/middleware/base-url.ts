/** The base URL as the client sees it, for links and `Location`. */
import type { IncomingHttpHeaders } from 'node:http';

export interface BaseUrlOptions {
  /** "/fhir/R4" */
  readonly basePath: string;
  /** Absolute, if configured; then nothing in the request changes it. */
  readonly publicUrl?: string;
  /** Believe `Forwarded` and `X-Forwarded-*`: only behind a proxy that sets them. */
  readonly trustForwarded: boolean;
  /** TLS ends in this process. */
  readonly isSecure?: boolean;
}

const HOST = /^[\w.-]+(?::\d{1,5})?$|^\[[0-9a-f:.]+\](?::\d{1,5})?$/i;

/** "http://127.0.0.1:8080/fhir/R4" */
export function baseUrl(headers: IncomingHttpHeaders, options: BaseUrlOptions): string {
  if (options.publicUrl !== undefined) return options.publicUrl;
  const forwarded = options.trustForwarded ? forwardedOrigin(headers) : undefined;
  const host = forwarded?.host ?? headers.host;
  const proto = forwarded?.proto === 'https' || options.isSecure ? 'https' : 'http';
  return `${proto}://${host !== undefined && HOST.test(host) ? host : 'localhost'}${options.basePath}`;
}

/** @see https://www.rfc-editor.org/rfc/rfc7239#section-4 */
function forwardedOrigin(headers: IncomingHttpHeaders): { readonly host?: string; readonly proto?: string } {
  if (headers.forwarded !== undefined) {
    const first = headers.forwarded.split(',', 1)[0] as string;
    return { host: parameterOf(first, 'host'), proto: parameterOf(first, 'proto')?.toLowerCase() };
  }
  return { host: firstOf(headers['x-forwarded-host']), proto: firstOf(headers['x-forwarded-proto'])?.toLowerCase() };
}

function parameterOf(element: string, name: string): string | undefined {
  for (const pair of element.split(';')) {
    const [key, value] = pair.split('=', 2);
    if (key?.trim().toLowerCase() === name) return value?.trim().replace(/^"(.*)"$/, '$1');
  }
  return undefined;
}

function firstOf(header: string | string[] | undefined): string | undefined {
  const text = Array.isArray(header) ? header[0] : header;
  return text?.split(',', 1)[0]?.trim();
}
