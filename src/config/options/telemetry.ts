/** Metrics, logs and traces. */
import type { Option } from './option.ts';

export const TELEMETRY = {
  metricsPort: {
    kind: 'integer',
    env: 'METRICS_PORT',
    flag: 'metrics-port',
    minimum: 0,
    maximum: 65535,
    default: 0,
    description:
      'A second port with metrics and health, without tokens; 0 is none. `/metrics` of the main port needs the scope `system/$metrics.rs`.',
  },
  metricsHost: {
    kind: 'text',
    env: 'METRICS_HOST',
    flag: 'metrics-host',
    default: '127.0.0.1',
    description: 'The address of that port: one that only operators reach.',
  },
  logLevel: {
    kind: 'choice',
    env: 'LOG_LEVEL',
    flag: 'log-level',
    choices: ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'],
    default: 'info',
    description: 'The least severe level that is logged.',
  },
  otlpEndpoint: {
    kind: 'url',
    env: 'OTEL_EXPORTER_OTLP_ENDPOINT',
    flag: 'otlp-endpoint',
    defaultText: 'no traces',
    description:
      'Base URL of an OpenTelemetry collector (OTLP over HTTP): traces of requests go to `/v1/traces` there. They hold no health data.',
  },
} as const satisfies Record<string, Option>;
