/**
 * Every setting, once: its flag, environment variable, type, default, unit and meaning.
 * `docs/configuration.md` is generated from this table (`npm run docs`), and {@link Config} is derived from it.
 */

import type { RegionRule } from './regions.ts';

interface OptionText {
  /** The environment variable. A flag wins over it. */
  readonly env: string;
  /** The command-line flag, without its dashes. */
  readonly flag: string;
  /** One sentence: what it does. */
  readonly description: string;
  /** What the default is when it can't be a constant: "the base URL". */
  readonly defaultText?: string;
  /** Never printed or logged. */
  readonly secret?: boolean;
}

/** One row of the table. Without a `default` the setting may be absent. */
export type Option = OptionText &
  (
    | { readonly kind: 'integer'; readonly minimum: number; readonly maximum: number; readonly unit?: string; readonly default?: number }
    | { readonly kind: 'switch'; readonly default: boolean }
    | { readonly kind: 'choice'; readonly choices: readonly string[]; readonly default: string }
    | { readonly kind: 'text' | 'path' | 'url'; readonly default?: string }
    | { readonly kind: 'urls'; readonly default: readonly string[] }
    | { readonly kind: 'regions'; readonly default: readonly RegionRule[] }
  );

const MIB = 1024 * 1024;

/** Numbers that people, insurances and states know a patient by. @see https://terminology.hl7.org/CodeSystem-v2-0203.html */
const PROTECTED_BY_DEFAULT = [
  ...['MR', 'MRT', 'PI', 'PT', 'PN', 'AN', 'SS', 'NI', 'NN*', 'PPN', 'DL', 'CZ', 'PRC', 'TPR', 'TAX', 'MI', 'PEN'],
  ...['MB', 'SN', 'MC', 'MA', 'HC', 'JHN', 'NH', 'SB', 'BA', 'BC', 'CC'],
  ...['http://hl7.org/fhir/sid/us-ssn', 'http://hl7.org/fhir/sid/us-medicare', 'http://hl7.org/fhir/sid/us-mbi'],
  ...['http://hl7.org/fhir/sid/passport-*', 'urn:oid:2.16.840.1.113883.4.1', 'urn:oid:2.16.840.1.113883.4.3.*'],
  ...['Patient.identifier', 'Person.identifier', 'RelatedPerson.identifier', 'Coverage.identifier', 'Coverage.subscriberId'],
];

/** `secondary` alone is left out: it would refuse to read where there is none. */
const readPreference = {
  kind: 'choice',
  choices: ['primary', 'primaryPreferred', 'secondaryPreferred', 'nearest'],
  default: 'primary',
} as const;

export const OPTIONS = {
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
  dataDir: {
    kind: 'path',
    env: 'DATA_DIR',
    flag: 'data-dir',
    default: './data',
    description: 'Where the embedded engines, the local token key and the lock are kept; made if it is not there.',
  },
  archiveDir: {
    kind: 'path',
    env: 'ARCHIVE_DIR',
    flag: 'archive-dir',
    defaultText: '`archives` in the data folder',
    description:
      "Where `$shard` exports archived years to: files with health data, readable by the gateway's user only. Share it between gateways.",
  },
  ephemeral: {
    kind: 'switch',
    env: 'EPHEMERAL',
    flag: 'ephemeral',
    default: false,
    description: 'Use a temporary data folder, removed at the end.',
  },
  shards: {
    kind: 'integer',
    env: 'SHARDS',
    flag: 'shards',
    minimum: 0,
    maximum: 16,
    default: 4,
    description: 'Shards of the embedded MongoDB cluster; 0 is one replica set without a router.',
  },
  members: {
    kind: 'integer',
    env: 'MEMBERS',
    flag: 'members',
    minimum: 1,
    maximum: 7,
    default: 1,
    description: 'Members of each embedded replica set; 3 survive the loss of one.',
  },
  mongodBinary: {
    kind: 'path',
    env: 'MONGOD_BINARY',
    flag: 'mongod-binary',
    defaultText: 'found or fetched',
    description: 'The `mongod` (6.0 or newer) that the embedded cluster runs.',
  },
  mongosBinary: {
    kind: 'path',
    env: 'MONGOS_BINARY',
    flag: 'mongos-binary',
    defaultText: 'beside `mongod` or on the path',
    description: 'The `mongos` in front of the embedded shards; without one the built-in router stands in.',
  },
  wiredTigerCacheMb: {
    kind: 'integer',
    env: 'WIRED_TIGER_CACHE_MB',
    flag: 'wired-tiger-cache-mb',
    minimum: 256,
    maximum: 1_000_000,
    default: 256,
    unit: 'MB',
    description: 'Cache of each embedded `mongod`.',
  },
  connect: {
    kind: 'switch',
    env: 'CONNECT',
    flag: 'connect',
    default: false,
    description: 'Start no engines: use the stores at `mongodb-uri` and `database-url`.',
  },
  mongodbUri: {
    kind: 'url',
    env: 'MONGODB_URI',
    flag: 'mongodb-uri',
    secret: true,
    description: 'With `connect`: the `mongos` or replica set; the path names the database (default `meridian`).',
  },
  databaseUrl: {
    kind: 'url',
    env: 'DATABASE_URL',
    flag: 'database-url',
    secret: true,
    description: 'With `connect`: the PostgreSQL primary, with `max_prepared_transactions` above 0.',
  },
  databaseReplicaUrls: {
    kind: 'urls',
    env: 'DATABASE_REPLICA_URLS',
    flag: 'database-replica-urls',
    default: [],
    secret: true,
    description: 'With `connect`: PostgreSQL streaming replicas that may answer reads, separated by commas.',
  },
  maxBodyBytes: {
    kind: 'integer',
    env: 'MAX_BODY_BYTES',
    flag: 'max-body-bytes',
    minimum: 1024,
    maximum: 512 * MIB,
    default: 16 * MIB,
    unit: 'bytes',
    description: 'The largest request body that is not a Bundle.',
  },
  maxBundleBytes: {
    kind: 'integer',
    env: 'MAX_BUNDLE_BYTES',
    flag: 'max-bundle-bytes',
    minimum: 1024,
    maximum: 512 * MIB,
    default: 64 * MIB,
    unit: 'bytes',
    description: 'The largest batch or transaction Bundle.',
  },
  maxBundleEntries: {
    kind: 'integer',
    env: 'MAX_BUNDLE_ENTRIES',
    flag: 'max-bundle-entries',
    minimum: 1,
    maximum: 1_000_000,
    default: 10_000,
    unit: 'entries',
    description: 'The most entries that a batch or transaction Bundle may have.',
  },
  maxChainHops: {
    kind: 'integer',
    env: 'MAX_CHAIN_HOPS',
    flag: 'max-chain-hops',
    minimum: 1,
    maximum: 20,
    default: 5,
    description: 'Hops of one chained search parameter, `_has` or sort key.',
  },
  maxSearchParameters: {
    kind: 'integer',
    env: 'MAX_SEARCH_PARAMETERS',
    flag: 'max-search-parameters',
    minimum: 10,
    maximum: 2_000,
    default: 200,
    description: 'Parameters of one search, repeated ones counted each time.',
  },
  maxSearchAlternatives: {
    kind: 'integer',
    env: 'MAX_SEARCH_ALTERNATIVES',
    flag: 'max-search-alternatives',
    // Links to what is included name 50 ids.
    minimum: 50,
    maximum: 10_000,
    default: 1_000,
    description: 'Alternatives between commas of one search parameter.',
  },
  fullText: {
    kind: 'choice',
    env: 'FULL_TEXT',
    flag: 'full-text',
    choices: ['off', 'text', 'all'],
    default: 'off',
    description:
      'Index words: of narratives (`text`, for the search parameter `_text`) or of everything (`all`, for `_content` too). Each word makes writes dearer; what is stored is indexed when it is switched on. The same at all gateways.',
  },
  maxJsonDepth: {
    kind: 'integer',
    env: 'MAX_JSON_DEPTH',
    flag: 'max-json-depth',
    minimum: 8,
    maximum: 1000,
    default: 64,
    unit: 'levels',
    description: 'How deep objects and arrays of a body may nest.',
  },
  requestTimeoutMs: {
    kind: 'integer',
    env: 'REQUEST_TIMEOUT_MS',
    flag: 'request-timeout-ms',
    minimum: 100,
    maximum: 3_600_000,
    default: 30_000,
    unit: 'ms',
    description: 'How long a request may take; its searches are then cancelled in the database.',
  },
  bundleTimeoutMs: {
    kind: 'integer',
    env: 'BUNDLE_TIMEOUT_MS',
    flag: 'bundle-timeout-ms',
    minimum: 100,
    maximum: 3_600_000,
    default: 60_000,
    unit: 'ms',
    description: 'The same for Bundles and operations; also how long a client may take to send a request.',
  },
  maxRequests: {
    kind: 'integer',
    env: 'MAX_REQUESTS',
    flag: 'max-requests',
    minimum: 1,
    maximum: 100_000,
    default: 512,
    description: 'Requests at once. Searches may fill half of them, writes three quarters, reads nine tenths; more get 503.',
  },
  maxBytesAtOnce: {
    kind: 'integer',
    env: 'MAX_BYTES_AT_ONCE',
    flag: 'max-bytes-at-once',
    minimum: MIB,
    maximum: 65_536 * MIB,
    default: 512 * MIB,
    unit: 'bytes',
    description: 'Request bodies in memory at once, decompressed; more get 503.',
  },
  clientRateLimit: {
    kind: 'integer',
    env: 'CLIENT_RATE_LIMIT',
    flag: 'client-rate-limit',
    minimum: 0,
    maximum: 1_000_000_000,
    default: 10_000_000,
    unit: 'points',
    description:
      'Points a minute for each client (a read 1, a search 5, a write 10, an operation 20, a Bundle 10 and 1 for each KiB); 0 is no limit.',
  },
  userRateLimit: {
    kind: 'integer',
    env: 'USER_RATE_LIMIT',
    flag: 'user-rate-limit',
    minimum: 0,
    maximum: 1_000_000_000,
    default: 10_000_000,
    unit: 'points',
    description: 'Points a minute for each user of a client; 0 is no limit.',
  },
  refusedTokenLimit: {
    kind: 'integer',
    env: 'REFUSED_TOKEN_LIMIT',
    flag: 'refused-token-limit',
    minimum: 0,
    maximum: 1_000_000,
    default: 6000,
    unit: 'tokens',
    description: 'Refused tokens a minute from one address before it gets 429; 0 is no limit.',
  },
  authorizationRateLimit: {
    kind: 'integer',
    env: 'AUTHORIZATION_RATE_LIMIT',
    flag: 'authorization-rate-limit',
    minimum: 0,
    maximum: 1_000_000,
    default: 6000,
    unit: 'points',
    description:
      'Points a minute at the embedded authorization server for each address, half of them for each client there (a log-in or another posted page 20, a token 5, else 1); 0 is no limit.',
  },
  redisUrl: {
    kind: 'url',
    env: 'REDIS_URL',
    flag: 'redis-url',
    secret: true,
    defaultText: 'each gateway counts for itself',
    description: 'Where gateways count rate limits together (`redis://`, `rediss://`).',
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
  regions: {
    kind: 'regions',
    env: 'REGIONS',
    flag: 'regions',
    default: [],
    description:
      'Zones of new patients by region: `state:CA=01,organization:Organization/north=02` (managing organization before state of address). See docs/operations.md.',
  },
  referentialIntegrity: {
    kind: 'choice',
    env: 'REFERENTIAL_INTEGRITY',
    flag: 'referential-integrity',
    choices: ['off', 'enforce'],
    default: 'off',
    description: 'With `enforce`, deleting a resource that others refer to is refused with 409.',
  },
  issuer: {
    kind: 'text',
    env: 'ISSUER',
    flag: 'issuer',
    defaultText: 'the origin of the base URL',
    description: 'The `iss` that access tokens must carry.',
  },
  audience: {
    kind: 'text',
    env: 'AUDIENCE',
    flag: 'audience',
    defaultText: 'the base URL',
    description: 'The `aud` that access tokens must carry.',
  },
  jwksUrl: {
    kind: 'url',
    env: 'JWKS_URL',
    flag: 'jwks-url',
    defaultText: 'a local key, made at first start',
    description: 'Where the keys are that access tokens are signed with.',
  },
  introspectionUrl: {
    kind: 'url',
    env: 'INTROSPECTION_URL',
    flag: 'introspection-url',
    defaultText: 'opaque tokens are refused',
    description: 'Where to ask about tokens that are no JWT (RFC 7662); an answer is believed for 10 seconds.',
  },
  introspectionClientId: {
    kind: 'text',
    env: 'INTROSPECTION_CLIENT_ID',
    flag: 'introspection-client-id',
    defaultText: 'none',
    description: 'The client that the gateway is when it asks about tokens.',
  },
  introspectionClientSecret: {
    kind: 'text',
    env: 'INTROSPECTION_CLIENT_SECRET',
    flag: 'introspection-client-secret',
    defaultText: 'none',
    secret: true,
    description: "That client's secret.",
  },
  deidentificationKey: {
    kind: 'text',
    env: 'DEIDENTIFICATION_KEY',
    flag: 'deidentification-key',
    defaultText: 'derived from the secret that the gateways share',
    secret: true,
    description: 'The key of the pseudonyms of `$de-identify`: random text. Another key makes other pseudonyms.',
  },
  consentDefault: {
    kind: 'choice',
    env: 'CONSENT_DEFAULT',
    flag: 'consent-default',
    choices: ['permit', 'deny'],
    default: 'permit',
    description:
      'What holds of a patient whose privacy consents say nothing. With `deny` a record is read, changed and deleted only as its consents permit.',
  },
  securityLabels: {
    kind: 'text',
    env: 'SECURITY_LABELS',
    flag: 'security-labels',
    default: '',
    defaultText: 'confidentiality R and V alone',
    description:
      'Further labels (`meta.security`) that need clearance: `name=system|code`, separated by commas; the scope is `system/$label-<name>`.',
  },
  labelRoles: {
    kind: 'text',
    env: 'LABEL_ROLES',
    flag: 'label-roles',
    default: 'doctor=restricted',
    description:
      'Which roles of the embedded authorization server may have which clearance (`restricted`, `very-restricted`, those of `security-labels`): `role=name`, separated by commas; `none` is none.',
  },
  breakGlassRoles: {
    kind: 'text',
    env: 'BREAK_GLASS_ROLES',
    flag: 'break-glass-roles',
    default: 'doctor,nurse',
    description: 'Roles of the embedded authorization server that may have `system/$break-glass.rs`, separated by commas; `none` is none.',
  },
  breakGlassMinutes: {
    kind: 'integer',
    env: 'BREAK_GLASS_MINUTES',
    flag: 'break-glass-minutes',
    minimum: 1,
    maximum: 1440,
    default: 60,
    unit: 'minutes',
    description: 'The age of a token with which glass can be broken, at most.',
  },
  authorizationServer: {
    kind: 'choice',
    env: 'AUTHORIZATION_SERVER',
    flag: 'authorization-server',
    choices: ['auto', 'on', 'off'],
    default: 'auto',
    description:
      'The embedded SMART authorization server. `auto`: on with the embedded engines, off with `connect` or `jwks-url`. `on` with `jwks-url`: beside the identity provider, for when that is away.',
  },
  privateKeyOrigins: {
    kind: 'urls',
    env: 'PRIVATE_KEY_ORIGINS',
    flag: 'private-key-origins',
    default: [],
    description:
      "Origins on private or loopback addresses from which the authorization server may read clients' key sets, separated by commas; all others there are refused.",
  },
  fieldEncryption: {
    kind: 'switch',
    env: 'FIELD_ENCRYPTION',
    flag: 'field-encryption',
    default: false,
    description:
      'Encrypts identifiers (see `FIELD_ENCRYPTION_OF`) in what the databases keep, and indexes keyed hashes of them. docs/security.md says what that protects and costs.',
  },
  fieldKeys: {
    kind: 'text',
    env: 'FIELD_ENCRYPTION_KEYS',
    flag: 'field-encryption-keys',
    secret: true,
    description:
      'Keys of field encryption, `<name>:<32 bytes as base64>` separated by commas: the first encrypts, all decrypt. Use the variable; a flag is seen by every user of the machine.',
  },
  fieldKeysFile: {
    kind: 'path',
    env: 'FIELD_ENCRYPTION_KEYS_FILE',
    flag: 'field-encryption-keys-file',
    defaultText: '`<data-dir>/keys/field-encryption` without `--connect`, made at first use',
    description: 'A file with such keys, one a line.',
  },
  fieldKeysCommand: {
    kind: 'text',
    env: 'FIELD_ENCRYPTION_KEYS_COMMAND',
    flag: 'field-encryption-keys-command',
    description: 'A command that prints such keys, one a line: the client of a key management service. Run once at start.',
  },
  fieldEncryptionOf: {
    kind: 'text',
    env: 'FIELD_ENCRYPTION_OF',
    flag: 'field-encryption-of',
    default: PROTECTED_BY_DEFAULT.join(','),
    description:
      'What is encrypted, separated by commas: codes of identifier types (v2-0203), systems (`*` at the end for all that begin so), and elements that are Identifiers or strings.',
  },
  audit: {
    kind: 'switch',
    env: 'AUDIT',
    flag: 'audit',
    default: true,
    description: 'Put every request on record as an `AuditEvent`. Without it nobody can tell who saw what: for measurements only.',
  },
  auditQueueMb: {
    kind: 'integer',
    env: 'AUDIT_QUEUE_MB',
    flag: 'audit-queue-mb',
    minimum: 1,
    maximum: 1_000_000,
    default: 256,
    unit: 'MB',
    description:
      'How much may wait in `<data-dir>/audit` while PostgreSQL takes no audit events; when it is full, requests are refused with 503.',
  },
  auditSyncMs: {
    kind: 'integer',
    env: 'AUDIT_SYNC_MS',
    flag: 'audit-sync-ms',
    minimum: 0,
    maximum: 60_000,
    default: 50,
    unit: 'ms',
    description:
      'Within what time an audit record that was written is forced to the disk: what a power cut (not a crash) may lose of the reads. 0 is before the answer.',
  },
  readPreferenceRead: {
    ...readPreference,
    env: 'READ_PREFERENCE_READ',
    flag: 'read-preference-read',
    description:
      "Which members of the clinical store's replica sets answer reads by id. Others than the primary may be behind: a client that must not miss what it wrote sends the `Consistency-Token` of that answer. Writes, and reads that decide about them, are always the primary's.",
  },
  readPreferenceSearch: {
    ...readPreference,
    env: 'READ_PREFERENCE_SEARCH',
    flag: 'read-preference-search',
    description: 'The same for searches.',
  },
  readPreferenceHistory: {
    ...readPreference,
    env: 'READ_PREFERENCE_HISTORY',
    flag: 'read-preference-history',
    description: 'The same for histories.',
  },
  readPreferenceOperation: {
    ...readPreference,
    env: 'READ_PREFERENCE_OPERATION',
    flag: 'read-preference-operation',
    description: 'The same for operations that change nothing, such as `$everything`.',
  },
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

export type OptionName = keyof typeof OPTIONS;

type ValueOf<O> = O extends { kind: 'integer' }
  ? number
  : O extends { kind: 'switch' }
    ? boolean
    : O extends { kind: 'choice'; choices: readonly (infer C)[] }
      ? C
      : O extends { kind: 'urls' }
        ? readonly string[]
        : O extends { kind: 'regions' }
          ? readonly RegionRule[]
          : string;

/** What was asked for or is the default. A setting without a default may be undefined. */
export type Settings = {
  readonly [N in OptionName]: (typeof OPTIONS)[N] extends { default: unknown }
    ? ValueOf<(typeof OPTIONS)[N]>
    : ValueOf<(typeof OPTIONS)[N]> | undefined;
};

/** {@link Settings} with the defaults that follow from other settings filled in. `dataDir` is absolute. */
export type Config = Settings & { readonly baseUrl: string; readonly issuer: string; readonly audience: string };
