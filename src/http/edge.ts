/** What stands between the network and the routes, as the configuration wants it. */
import { Redis } from 'ioredis';
import { type Admission, createAdmission } from './middleware/admission.ts';
import { type Cors, createCors } from './middleware/cors.ts';
import { createRateLimits, type RateLimits } from './middleware/rate-limit.ts';

interface EdgeOptions {
  readonly baseUrl: string;
  readonly corsOrigins: readonly string[];
  readonly maxRequests: number;
  readonly maxBytesAtOnce: number;
  readonly clientRateLimit: number;
  readonly userRateLimit: number;
  readonly refusedTokenLimit: number;
  readonly authorizationRateLimit: number;
  readonly redisUrl?: string | undefined;
}

export interface Edge {
  readonly admission: Admission;
  readonly rates: RateLimits;
  readonly cors: Cors;
  close(): void;
}

/** Redis that does not answer is not waited for: the gateway then counts for itself. */
const REDIS_WITHIN_MS = 250;

/** @param log told of trouble with Redis */
export function createEdge(options: EdgeOptions, log: { warn(message: string, fields?: { error?: unknown }): void }): Edge {
  const redis = options.redisUrl === undefined ? undefined : connectRedis(options.redisUrl, log);
  const { pathname } = new URL(options.baseUrl);
  return {
    admission: createAdmission({ maxRequests: options.maxRequests, maxBytes: options.maxBytesAtOnce }),
    rates: createRateLimits({
      clientPoints: options.clientRateLimit,
      userPoints: options.userRateLimit,
      refusedTokens: options.refusedTokenLimit,
      authorizationPoints: options.authorizationRateLimit,
      ...(redis && { redis }),
    }),
    cors: createCors({
      origins: options.corsOrigins,
      isPublic: (path) => path === `${pathname}/metadata` || path.includes('/.well-known/'),
    }),
    close: () => redis?.disconnect(),
  };
}

function connectRedis(url: string, log: Parameters<typeof createEdge>[1]): Redis {
  const redis = new Redis(url, {
    enableOfflineQueue: false,
    maxRetriesPerRequest: 1,
    commandTimeout: REDIS_WITHIN_MS,
    connectTimeout: 2_000,
  });
  let isAway = false;
  redis.on('error', (error) => {
    if (!isAway) log.warn('Redis is away: rate limits are counted by each gateway for itself', { error });
    isAway = true;
  });
  redis.on('ready', () => {
    isAway = false;
  });
  return redis;
}
