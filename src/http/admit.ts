/** Who asks, and whether they have asked for too much. */
import type { IncomingMessage } from 'node:http';
import type { Route } from '../interactions/route.ts';
import { FhirError } from '../model/error.ts';
import type { Heard } from './audit-record.ts';
import { type Authenticated, type AuthenticateOptions, createAuthenticate } from './middleware/authenticate.ts';
import type { RateLimits } from './middleware/rate-limit.ts';
import type { Weight } from './middleware/weight.ts';
import { NOBODY } from './nobody.ts';
import type { Exchange } from './response.ts';

export interface AdmitOptions extends AuthenticateOptions {
  /** Default: no limits. */
  readonly rates?: RateLimits | undefined;
}

/** What is known of who asks stands in `exchange` and `heard`, also if they are refused. @throws FhirError 401, 403, 429 */
export type Admit = (incoming: IncomingMessage, route: Route, weight: Weight, exchange: Exchange, heard: Heard) => Promise<Authenticated>;

export function createAdmit({ rates, ...options }: AdmitOptions): Admit {
  const authenticate = createAuthenticate(options);
  return async (incoming, route, weight, exchange, heard) => {
    if (route.interaction === 'capabilities') {
      heard.principal = NOBODY.principal;
      return NOBODY;
    }
    rates?.checkAddress(() => addressOf(incoming));
    try {
      const principal = await authenticate.identify(incoming.headers);
      heard.principal = principal;
      exchange.client = principal.client;
      exchange.headers = await rates?.charge(principal, weight.points);
      return await authenticate.decideFor(principal, incoming.headers);
    } catch (error) {
      if (isTokenRefused(incoming, error)) await rates?.refuseToken(addressOf(incoming));
      throw error;
    }
  };
}

/** Of the next hop: behind a balancer that is the balancer, which has limits of its own. */
const addressOf = ({ socket }: IncomingMessage): string => socket.remoteAddress ?? '';

const isTokenRefused = ({ headers }: IncomingMessage, error: unknown): boolean =>
  headers.authorization !== undefined && error instanceof FhirError && error.status === 401;
