/** Where the gateway listens and how it speaks HTTP. */
import type { Option } from './option.ts';

const MIB = 1024 * 1024;

export const LISTENING = {
  port: {
    kind: 'integer',
    env: 'PORT',
    flag: 'port',
    minimum: 1,
    maximum: 65535,
    default: 8080,
    description: 'The TCP port to listen on.',
  },
  host: { kind: 'text', env: 'HOST', flag: 'host', default: '127.0.0.1', description: 'The address to listen on.' },
  baseUrl: {
    kind: 'url',
    env: 'BASE_URL',
    flag: 'base-url',
    defaultText: '`http://<host>:<port>/fhir/R4`',
    description: 'The service base URL as clients see it; it begins every absolute link and tells own references from foreign ones.',
  },
  trustForwarded: {
    kind: 'switch',
    env: 'TRUST_FORWARDED',
    flag: 'trust-forwarded',
    default: false,
    description:
      'Believe `Forwarded` and `X-Forwarded-*`, so that links name the address that a proxy was asked for. Only behind a proxy that sets them.',
  },
  tlsCert: {
    kind: 'path',
    env: 'TLS_CERT',
    flag: 'tls-cert',
    defaultText: 'plain HTTP',
    description:
      'PEM file with the certificate and its chain: the gateway then speaks HTTPS (TLS 1.2 and 1.3). A renewed file is picked up.',
  },
  tlsKey: {
    kind: 'path',
    env: 'TLS_KEY',
    flag: 'tls-key',
    defaultText: 'none',
    description: "PEM file with the certificate's private key, without a passphrase.",
  },
  corsOrigins: {
    kind: 'urls',
    env: 'CORS_ORIGINS',
    flag: 'cors-origins',
    default: [],
    description: 'Origins whose pages may call (`https://app.example.org`), separated by commas. Metadata and discovery any page may read.',
  },
  compressFrom: {
    kind: 'integer',
    env: 'COMPRESS_FROM',
    flag: 'compress-from',
    minimum: 0,
    maximum: 1024 * MIB,
    default: 8192,
    unit: 'characters',
    description: 'Answers of at least this length are compressed (br, gzip) for clients that ask; 0 is never.',
  },
  drainTimeoutMs: {
    kind: 'integer',
    env: 'DRAIN_TIMEOUT_MS',
    flag: 'drain-timeout-ms',
    minimum: 0,
    maximum: 600_000,
    default: 4000,
    unit: 'ms',
    description: 'How long requests under way may take to end after SIGTERM or SIGINT.',
  },
} as const satisfies Record<string, Option>;
