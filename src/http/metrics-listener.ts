/**
 * Metrics and health on a port of their own, without a token: for a scraper on the same machine or in a network that only
 * operators reach. Off unless asked for.
 */
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Metrics } from '../telemetry/metrics.ts';

interface MetricsListenerOptions {
  readonly hostname: string;
  /** 0 for any that is free. */
  readonly port: number;
  readonly metrics: Metrics;
  readonly isReady: () => Promise<boolean>;
}

/** @throws Error when the port is taken */
export async function listenForMetrics(options: MetricsListenerOptions): Promise<{ readonly port: number; close(): void }> {
  const server = createServer((incoming, outgoing) => void answer(incoming.url ?? '', outgoing, options));
  server.requestTimeout = 10_000;
  server.listen(options.port, options.hostname);
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

async function answer(url: string, outgoing: ServerResponse, { metrics, isReady }: MetricsListenerOptions): Promise<void> {
  switch (url) {
    case '/metrics':
      return void outgoing.writeHead(200, { 'Content-Type': metrics.contentType }).end(await metrics.text());
    case '/health/live':
      return void outgoing.writeHead(200).end();
    case '/health/ready':
      return void outgoing.writeHead((await isReady()) ? 200 : 503).end();
    default:
      return void outgoing.writeHead(404).end();
  }
}
