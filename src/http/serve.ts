/** Listens for HTTP or HTTPS, and lets nobody hold a connection for nothing. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { getRequestListener, type HttpBindings } from '@hono/node-server';
import type { Hono } from 'hono';
import { outcomeText } from '../interactions/answer/outcome.ts';
import type { IssueCode } from '../model/error.ts';
import { readTls, renewTls, type TlsFiles } from './tls.ts';

export interface ListenOptions {
  readonly hostname: string;
  /** 0 for any that is free. */
  readonly port: number;
  readonly tls?: TlsFiles;
  /** Comes before every route; true if it gave the whole answer. */
  readonly front?: (incoming: IncomingMessage, outgoing: ServerResponse) => boolean;
  /** How long a client may take to send a request, body included; milliseconds. */
  readonly receiveTimeoutMs?: number;
  /** Told of what an operator should know. */
  readonly onProblem?: (message: string, error: unknown) => void;
}

export interface Listening {
  readonly port: number;
  /** Takes no new connections, lets answers under way finish and ends their connections; what is still busy after `graceMs` is cut. */
  close(graceMs?: number): Promise<void>;
}

const RECEIVE_TIMEOUT_MS = 60_000;
/** Not less: a machine that stands still for a while must not end connections that did nothing wrong. */
const HEADERS_TIMEOUT_MS = 20_000;
/** Longer than balancers keep theirs, or they would send a request into a closing connection. */
const KEEP_ALIVE_MS = 65_000;
/** A connection on which nothing moves, in the middle of an answer too. */
const STANDSTILL_MS = 180_000;
const LOOK_EVERY_MS = 2_000;
const MOST_CONNECTIONS = 16_384;
const GRACE_MS = 5_000;
/** Request line and headers together: room for the link of a search by POST that names a thousand ids. */
const MOST_HEADER_BYTES = 64 * 1024;

/** @throws Error when the port is taken or a TLS file can't be read */
export async function listen(app: Hono<{ Bindings: HttpBindings }>, options: ListenOptions): Promise<Listening> {
  const { hostname, port, tls, onProblem = () => undefined } = options;
  let isClosing = false;
  const server = createBoundedServer(
    options,
    listenerOf(app, options, () => isClosing),
  );
  const stopRenewing =
    tls && renewTls(server as TlsServer, tls, { onProblem: (error) => onProblem('the new certificate is no good', error) });
  server.listen(port, hostname);
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    close: (graceMs = GRACE_MS) => {
      isClosing = true;
      stopRenewing?.();
      return close(server, graceMs);
    },
  };
}

function listenerOf(
  app: Hono<{ Bindings: HttpBindings }>,
  { front = () => false, hostname }: ListenOptions,
  isClosing: () => boolean,
): RequestListener {
  // What Hono can't make a request of: a target that is no path, a broken Host.
  const errorHandler = () => new Response(NO_REQUEST, { status: 400, headers: { 'Content-Type': 'application/fhir+json' } });
  const answer = getRequestListener(app.fetch, { hostname, errorHandler });
  return (incoming, outgoing) => {
    if (incoming.headers.host === undefined && incoming.httpVersionMinor > 0) {
      outgoing.writeHead(400, { 'Content-Type': 'application/fhir+json', Connection: 'close' }).end(NO_HOST);
      return;
    }
    // A connection that is kept would send the next request to a gateway that is gone.
    if (isClosing()) outgoing.setHeader('Connection', 'close');
    if (!front(incoming, outgoing)) void answer(incoming, outgoing);
  };
}

function createBoundedServer({ tls, receiveTimeoutMs = RECEIVE_TIMEOUT_MS }: ListenOptions, listener: RequestListener): Server {
  const bounds = {
    requestTimeout: receiveTimeoutMs,
    headersTimeout: Math.min(HEADERS_TIMEOUT_MS, receiveTimeoutMs),
    keepAliveTimeout: KEEP_ALIVE_MS,
    maxHeaderSize: MOST_HEADER_BYTES,
    // Refused by `listenerOf`, with an OperationOutcome.
    requireHostHeader: false,
    connectionsCheckingInterval: Math.min(LOOK_EVERY_MS, receiveTimeoutMs),
  };
  const server = tls ? createTlsServer({ ...bounds, ...readTls(tls) }, listener) : createServer(bounds, listener);
  server.maxConnections = MOST_CONNECTIONS;
  server.setTimeout(STANDSTILL_MS);
  server.on('clientError', refuseUnread);
  server.on('checkExpectation', refuseExpectation);
  return server;
}

const refusalText = (code: IssueCode, diagnostics: string): string => outcomeText([{ severity: 'error', code, diagnostics }]);
const NO_REQUEST = refusalText('structure', 'this is no HTTP request');
const NO_HOST = refusalText('required', 'a request of HTTP/1.1 needs a Host');

function refuseExpectation({ headers }: IncomingMessage, outgoing: ServerResponse): void {
  const text = refusalText('not-supported', `Expect: "${headers.expect}" is not known; 100-continue is`);
  outgoing.writeHead(417, { 'Content-Type': 'application/fhir+json', Connection: 'close' }).end(text);
}

interface ParseError extends Error {
  readonly code?: string;
  /** What came last, and how far it could be read. */
  readonly rawPacket?: Buffer;
  readonly bytesParsed?: number;
}

/** What is no request gets an answer all the same, and one that is too long is told what to do. */
function refuseUnread(error: ParseError, socket: Duplex & { readonly _httpMessage?: ServerResponse | null }): void {
  // As Node does by itself: nothing goes into the middle of another answer.
  if (!socket.writable || socket._httpMessage?.headersSent) return void socket.destroy();
  const [status, code, diagnostics] = refusalOf(error);
  const text = refusalText(code, diagnostics);
  const headers = `Content-Type: application/fhir+json\r\nContent-Length: ${Buffer.byteLength(text)}\r\nConnection: close`;
  socket.end(`HTTP/1.1 ${status}\r\n${headers}\r\n\r\n${text}`);
}

function refusalOf({ code, rawPacket, bytesParsed }: ParseError): [string, IssueCode, string] {
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return ['408 Request Timeout', 'timeout', 'the request took too long to arrive'];
  if (code !== 'HPE_HEADER_OVERFLOW') return ['400 Bad Request', 'structure', 'this is no HTTP request'];
  const most = `${MOST_HEADER_BYTES / 1024} KiB`;
  // The request line is what came first, and ends where the headers begin.
  if (rawPacket?.subarray(0, bytesParsed).includes('\r'))
    return ['431 Request Header Fields Too Large', 'too-long', `URL and headers have ${most} at most`];
  return ['414 URI Too Long', 'too-long', `URL and headers have ${most} at most; send a long search as POST [type]/_search`];
}

async function close(server: Server, graceMs: number): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  const cut = setTimeout(() => server.closeAllConnections(), graceMs);
  await closed;
  clearTimeout(cut);
}
