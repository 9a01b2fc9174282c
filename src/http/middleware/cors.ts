/**
 * Which pages of other origins may call: those on a list, which the operator writes. What needs no token (metadata, discovery)
 * anybody's page may read.
 *
 * Works on Node's own request and response, before any route, so that whatever is mounted is covered.
 * @see https://fetch.spec.whatwg.org/#http-cors-protocol
 */
import type { IncomingMessage, ServerResponse } from 'node:http';

interface CorsOptions {
  /** Origins such as "https://app.example.org". */
  readonly origins: readonly string[];
  /** True for paths (without query) that any origin may read. */
  readonly isPublic: (path: string) => boolean;
}

/** Puts the headers on the response. True if that was the whole answer: a preflight. */
export type Cors = (incoming: IncomingMessage, outgoing: ServerResponse) => boolean;

const EXPOSED = [
  'Consistency-Token',
  'Content-Location',
  'ETag',
  'Last-Modified',
  'Location',
  'RateLimit',
  'RateLimit-Policy',
  'Retry-After',
  'WWW-Authenticate',
  'X-Request-Id',
].join(', ');
const METHODS = 'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS';
const REQUEST_HEADERS = [
  'Accept',
  'Authorization',
  'Consistency-Token',
  'Content-Type',
  'Idempotency-Key',
  'If-Match',
  'If-Modified-Since',
  'If-None-Exist',
  'If-None-Match',
  'Prefer',
  'X-Purpose-Of-Use',
  'X-Purpose-Of-Use-Patient',
  'X-Purpose-Of-Use-Reason',
  'X-Request-Id',
  'X-Security-Context',
].join(', ');
const PREFLIGHT_SECONDS = '600';

export function createCors({ origins, isPublic }: CorsOptions): Cors {
  const listed = new Set(origins.map((origin) => new URL(origin).origin));

  /** What `Access-Control-Allow-Origin` says; undefined: nothing. Credentials are never allowed: tokens travel in a header. */
  function allowedOrigin(origin: string, url: string): string | undefined {
    if (listed.has(origin)) return origin;
    const mark = url.indexOf('?');
    return isPublic(mark < 0 ? url : url.slice(0, mark)) ? '*' : undefined;
  }

  return (incoming, outgoing) => {
    const { origin } = incoming.headers;
    if (origin === undefined) return false;
    const allowed = allowedOrigin(origin, incoming.url ?? '');
    if (allowed !== undefined) {
      outgoing.setHeader('Access-Control-Allow-Origin', allowed);
      outgoing.setHeader('Access-Control-Expose-Headers', EXPOSED);
    }
    // The routes' own `Vary` names Origin.
    if (incoming.method !== 'OPTIONS' || incoming.headers['access-control-request-method'] === undefined) return false;
    if (allowed !== undefined) {
      outgoing.setHeader('Access-Control-Allow-Methods', METHODS);
      outgoing.setHeader('Access-Control-Allow-Headers', REQUEST_HEADERS);
      outgoing.setHeader('Access-Control-Max-Age', PREFLIGHT_SECONDS);
    }
    outgoing.writeHead(204, { Vary: 'Origin' }).end();
    return true;
  };
}
