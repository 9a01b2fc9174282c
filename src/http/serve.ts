/** Listens for HTTP or HTTPS, and lets nobody hold a connection for nothing. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { getRequestListener, type HttpBindings } from '@hono/node-server';
import type { Hono } from 'hono';
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
  const answer = getRequestListener(app.fetch, { hostname });
  return (incoming, outgoing) => {
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
    connectionsCheckingInterval: Math.min(LOOK_EVERY_MS, receiveTimeoutMs),
  };
  const server = tls ? createTlsServer({ ...bounds, ...readTls(tls) }, listener) : createServer(bounds, listener);
  server.maxConnections = MOST_CONNECTIONS;
  server.setTimeout(STANDSTILL_MS);
  return server;
}

async function close(server: Server, graceMs: number): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  const cut = setTimeout(() => server.closeAllConnections(), graceMs);
  await closed;
  clearTimeout(cut);
}
