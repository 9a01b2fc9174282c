/** Where the gateway answers. */
import type { Config } from '../config/options.ts';
import type { Edge } from '../http/edge.ts';
import { listenForMetrics } from '../http/metrics-listener.ts';
import { type Listening, listen } from '../http/serve.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Metrics } from '../telemetry/metrics.ts';

interface Listeners {
  listen(): Promise<void>;
  /** Lets requests under way end for so long; milliseconds. */
  close(graceMs: number): Promise<void>;
}

/** The FHIR listener, and the one of the metrics if the configuration gives it a port. */
export function createListeners(
  config: Config,
  app: Parameters<typeof listen>[0],
  {
    edge,
    metrics,
    isReady,
    log,
  }: { readonly edge: Edge; readonly metrics: Metrics; readonly isReady: () => Promise<boolean>; readonly log: Logger },
): Listeners {
  let listening: Listening | undefined;
  let metricsListening: { close(): void } | undefined;
  return {
    async listen() {
      const tls = config.tlsCert && config.tlsKey ? { certFile: config.tlsCert, keyFile: config.tlsKey } : undefined;
      listening = await listen(app, {
        hostname: config.host,
        port: config.port,
        ...(tls && { tls }),
        front: edge.cors,
        receiveTimeoutMs: config.bundleTimeoutMs,
        onProblem: (message, error) => log.error(message, { error }),
      });
      if (config.metricsPort > 0)
        metricsListening = await listenForMetrics({ hostname: config.metricsHost, port: config.metricsPort, metrics, isReady });
    },
    async close(graceMs) {
      await listening?.close(graceMs);
      metricsListening?.close();
    },
  };
}
