/**
 * How much a client and a user may ask for in a minute, in points: what costs the server more costs more of them.
 *
 * Counted in this process (0.3 µs a request), or in Redis for all gateways together (one trip a request); while Redis is away each
 * gateway counts for itself.
 * @see https://datatracker.ietf.org/doc/draft-ietf-httpapi-ratelimit-headers/
 */
import { type RateLimiterAbstract, RateLimiterMemory, RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible';
import { type FhirError, throttled } from '../../model/error.ts';

const WINDOW_SECONDS = 60;

/** A connection of ioredis. */
type RedisConnection = object;

interface RateLimitOptions {
  /** Points a minute for each client; 0: no limit. */
  readonly clientPoints: number;
  /** Points a minute for each user; 0: no limit. A backend service is its own user and counts once, as a client. */
  readonly userPoints: number;
  /** Refused tokens a minute from one address; 0: no limit. */
  readonly refusedTokens: number;
  /** Points a minute at the authorization server for each address, and half of them for each client there; 0: no limit. */
  readonly authorizationPoints?: number;
  readonly redis?: RedisConnection;
}

/** Who asks. */
interface Charged {
  readonly client: string;
  readonly subject: string;
  readonly issuer: string;
}

/** Headers that tell where the client stands. */
type RateHeaders = Readonly<Record<string, string>>;

export interface RateLimits {
  /** Counts points. Undefined where there is no limit. @throws FhirError 429 with `Retry-After` when they are used up */
  charge(who: Charged, points: number): Promise<RateHeaders | undefined>;
  /** Counts points for what was admitted already: they are missing from the next request's. */
  chargeLater(who: Charged, points: number): Promise<void>;
  /** @throws FhirError 429 while that address has had too many tokens refused; looks at the address only if any has */
  checkAddress(address: () => string): void;
  /** Counts points at the authorization server, of an address or of a client that is named there. @throws FhirError 429 */
  chargeAuthorization(by: 'address' | 'client', key: string, points: number): Promise<void>;
  /** Counts a refused token. */
  refuseToken(address: string): Promise<void>;
  /** Requests refused so far. */
  readonly refused: { client: number; user: number; address: number; authorization: number };
  /** Tokens refused so far. */
  tokensRefused(): number;
}

export function createRateLimits(options: RateLimitOptions): RateLimits {
  const refused = { client: 0, user: 0, address: 0, authorization: 0 };
  const clients = limiter('client', options.clientPoints, options);
  const users = limiter('user', options.userPoints, options);
  const addresses = limiter('address', options.refusedTokens, options);
  const { authorizationPoints = 0 } = options;
  // One client that asks in circles leaves room for the others at its address.
  const authorizationPointsOf = { address: authorizationPoints, client: Math.ceil(authorizationPoints / 2) };
  const authorization = {
    address: limiter('oauth-address', authorizationPointsOf.address, options),
    client: limiter('oauth-client', authorizationPointsOf.client, options),
  };
  const policy = [
    ...(clients ? [`"client";q=${options.clientPoints};w=${WINDOW_SECONDS}`] : []),
    ...(users ? [`"user";q=${options.userPoints};w=${WINDOW_SECONDS}`] : []),
  ].join(', ');
  let tokensRefused = 0;
  /** Addresses that are refused, and until when. */
  const blocked = new Map<string, number>();

  const headersOf = (name: string, { remainingPoints, msBeforeNext }: RateLimiterRes): RateHeaders => ({
    'RateLimit-Policy': policy,
    RateLimit: `"${name}";r=${remainingPoints};t=${Math.ceil(msBeforeNext / 1000)}`,
  });

  async function take(limit: RateLimiterAbstract, name: 'client' | 'user', key: string, points: number): Promise<RateLimiterRes> {
    try {
      return await limit.consume(key, points);
    } catch (result) {
      if (!(result instanceof RateLimiterRes)) throw result;
      refused[name]++;
      throw throttledBy(`this ${name} has asked for as much as it may in a minute`, result.msBeforeNext, headersOf(name, result));
    }
  }

  return {
    refused,
    tokensRefused: () => tokensRefused,

    charge: async ({ client, subject, issuer }, points) => {
      const byClient = clients && (await take(clients, 'client', client, points));
      const byUser = users && subject !== client ? await take(users, 'user', userKey(issuer, subject), points) : undefined;
      if (byUser && (!byClient || byUser.remainingPoints < byClient.remainingPoints)) return headersOf('user', byUser);
      return byClient && headersOf('client', byClient);
    },

    chargeLater: async ({ client, subject, issuer }, points) => {
      if (points === 0) return;
      await clients?.penalty(client, points);
      if (subject !== client) await users?.penalty(userKey(issuer, subject), points);
    },

    checkAddress: (address) => {
      if (blocked.size === 0) return;
      const [key, at] = [address(), Date.now()];
      for (const [each, until] of blocked) if (until <= at) blocked.delete(each);
      const until = blocked.get(key);
      if (until === undefined) return;
      refused.address++;
      throw throttledBy('too many tokens from this address were refused', until - at);
    },

    chargeAuthorization: async (by, key, points) => {
      const result = await authorization[by]?.consume(key, points).catch((error: unknown) => {
        if (error instanceof RateLimiterRes) return error;
        throw error;
      });
      // A request that takes more than there is left is refused, and counts all the same.
      if (!result || result.consumedPoints <= authorizationPointsOf[by]) return;
      refused.authorization++;
      throw throttledBy(`this ${by} has asked the authorization server for as much as it may in a minute`, result.msBeforeNext);
    },

    refuseToken: async (address) => {
      tokensRefused++;
      const result = await addresses?.consume(address).catch((error: unknown) => error);
      if (result instanceof RateLimiterRes && result.remainingPoints === 0) blocked.set(address, Date.now() + result.msBeforeNext);
    },
  };
}

const userKey = (issuer: string, subject: string) => `${issuer} ${subject}`;

function limiter(name: string, points: number, { redis }: RateLimitOptions): RateLimiterAbstract | undefined {
  if (points === 0) return undefined;
  const alone = new RateLimiterMemory({ keyPrefix: name, points, duration: WINDOW_SECONDS });
  if (!redis) return alone;
  return new RateLimiterRedis({
    storeClient: redis,
    keyPrefix: `meridian:${name}`,
    points,
    duration: WINDOW_SECONDS,
    insuranceLimiter: alone,
    // What is used up is refused without a trip.
    inMemoryBlockOnConsumed: points + 1,
  });
}

function throttledBy(diagnostics: string, waitMs: number, headers: RateHeaders = {}): FhirError {
  const seconds = Math.max(1, Math.ceil(waitMs / 1000));
  return throttled(`${diagnostics}; come back in ${seconds} s`, seconds, headers);
}
