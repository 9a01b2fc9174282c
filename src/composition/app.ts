/** The HTTP face, as the configuration says. */
import type { Notices } from '../audit/notices.ts';
import type { Config } from '../config/options.ts';
import { type AppOptions, createApp } from '../http/app.ts';
import { createConsistency } from '../http/consistency.ts';
import type { Edge } from '../http/edge.ts';
import { createObserve } from '../http/observe.ts';
import type { ConsistentStore, ReadTermsInUse } from '../store/read-terms.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { Tracing } from '../telemetry/tracing.ts';
import type { Stores } from './stores.ts';
import { traced, tracedAnswers } from './tracing.ts';

type Passed = 'context' | 'verifier' | 'decide' | 'restrictionsOf' | 'readiness' | 'audit' | 'timing' | 'underWay' | 'authorization';

interface AppParts extends Pick<AppOptions, Passed> {
  readonly edge: Edge;
  readonly metrics: Metrics;
  readonly tracing: Tracing | undefined;
  readonly log: Logger;
  readonly stores: Readonly<Record<keyof Stores, ConsistentStore>>;
  readonly readTerms: ReadTermsInUse;
  /** The same on all gateways, at least 32 bytes. */
  readonly secret: Uint8Array;
  /** Of broken glass; undefined where nobody wants any. */
  readonly notices: Notices | undefined;
}

export function openApp(
  config: Config,
  { edge, metrics, tracing, log, stores, readTerms, secret, context, notices, ...passed }: AppParts,
): ReturnType<typeof createApp> {
  const answered = tracing ? tracedAnswers(metrics.answered, tracing) : metrics.answered;
  return createApp({
    ...passed,
    context: tracing ? traced(context, tracing) : context,
    basePath: new URL(config.baseUrl).pathname,
    publicUrl: config.trustForwarded ? undefined : config.baseUrl,
    trustForwarded: config.trustForwarded,
    maxBodyBytes: config.maxBodyBytes,
    maxBundleBytes: config.maxBundleBytes,
    isSecure: config.tlsCert !== undefined,
    admission: edge.admission,
    rates: edge.rates,
    requestTimeoutMs: config.requestTimeoutMs,
    bundleTimeoutMs: config.bundleTimeoutMs,
    compressFrom: config.compressFrom,
    consistency: createConsistency({
      preferences: {
        read: config.readPreferenceRead,
        search: config.readPreferenceSearch,
        history: config.readPreferenceHistory,
        operation: config.readPreferenceOperation,
      },
      terms: readTerms,
      stores,
      secret,
    }),
    metrics,
    observe: createObserve({ ...metrics, answered, tell: notices?.tell }, log),
  });
}
