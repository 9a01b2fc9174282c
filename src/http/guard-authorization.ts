/** The edge's limits for the authorization server, whose pages and endpoints do not go through the FHIR pipeline. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { WorkUnderWay } from '../lifecycle/work-under-way.ts';
import { FhirError, invalidValue, tooLarge } from '../model/error.ts';
import type { Admission, Place } from './middleware/admission.ts';
import type { RateLimits } from './middleware/rate-limit.ts';
import { SECURITY_HEADERS, SECURITY_HEADERS_OF_TLS } from './middleware/security-headers.ts';
import { isAnswerWanted } from './under-way.ts';

interface AuthorizationGuardOptions {
  readonly admission: Admission;
  readonly rates?: Pick<RateLimits, 'chargeAuthorization'> | undefined;
  readonly underWay: WorkUnderWay;
  readonly requestTimeoutMs: number;
  readonly isSecure: boolean;
}

export type HandleNode = (incoming: IncomingMessage, outgoing: ServerResponse) => Promise<void>;

/** oidc-provider itself takes 56 kB. */
const MAX_BODY_BYTES = 65_536;

/** Points: what is guessed at costs most. A log-in hashes a password, which takes a core a tenth of a second. */
const LOGIN_POINTS = 20;
export const TOKEN_POINTS = 5;

/** Lets a request through to `handle`, or answers 413, 429 or 503 in its place. */
export function createAuthorizationGuard(options: AuthorizationGuardOptions): (handle: HandleNode) => HandleNode {
  const { admission, rates, underWay, requestTimeoutMs, isSecure } = options;
  const headers = isSecure ? SECURITY_HEADERS_OF_TLS : SECURITY_HEADERS;

  return (handle) => async (incoming, outgoing) => {
    for (const [name, value] of Object.entries(headers)) outgoing.setHeader(name, value);
    let place: Place | undefined;
    try {
      place = admission.enter('write');
      // What is asked for is kept until the user has answered, and no store keeps that.
      if (incoming.url?.includes('%00')) throw invalidValue('the query holds U+0000');
      if (Number(incoming.headers['content-length']) > MAX_BODY_BYTES) throw tooLarge(`the body is over ${MAX_BODY_BYTES} bytes`);
      await rates?.chargeAuthorization('address', incoming.socket.remoteAddress ?? '', pointsOf(incoming));
      await underWay.run(
        () => isAnswerWanted(incoming),
        async (work) => {
          work.endWithin(requestTimeoutMs);
          await untilStopped(handle(incoming, outgoing), work.signal());
        },
      );
    } catch (error) {
      refuse(incoming, outgoing, error);
    } finally {
      place?.leave();
    }
  };
}

function pointsOf({ method, url = '' }: IncomingMessage): number {
  if (method !== 'POST') return 1;
  return url.startsWith('/oauth/interaction/') ? LOGIN_POINTS : TOKEN_POINTS;
}

/** @throws what the signal was aborted with, if that comes first */
function untilStopped(handled: Promise<void>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => reject(signal.reason);
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop, { once: true });
    handled.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop));
  });
}

/** As RFC 6749 has it, or in words for a browser. What has begun can only be cut off. */
function refuse({ headers }: IncomingMessage, outgoing: ServerResponse, error: unknown): void {
  if (outgoing.headersSent) {
    outgoing.destroy();
    return;
  }
  const known = error instanceof FhirError ? error : undefined;
  const text = known?.message ?? 'the server failed';
  const isBrowser = headers.accept?.includes('text/html') ?? false;
  const code = known?.status === 429 || known?.status === 503 ? 'temporarily_unavailable' : known ? 'invalid_request' : 'server_error';
  outgoing.writeHead(known?.status ?? 500, {
    ...known?.headers,
    'Cache-Control': 'no-store',
    'Content-Type': isBrowser ? 'text/plain; charset=utf-8' : 'application/json',
    // What was not read of the body would be taken for the next request.
    Connection: 'close',
  });
  outgoing.end(isBrowser ? text : JSON.stringify({ error: code, error_description: text }));
}
