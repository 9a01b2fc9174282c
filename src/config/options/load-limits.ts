/** What all requests, or those of one client, may ask for together. */
import type { Option } from './option.ts';

const MIB = 1024 * 1024;

export const LOAD_LIMITS = {
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
} as const satisfies Record<string, Option>;
