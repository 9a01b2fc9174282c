/** What is counted and logged of every answer: never a URL, an id, a query or a body. */
import type { Logger } from '../telemetry/logger.ts';
import type { AnsweredRequest } from '../telemetry/metrics.ts';
import type { Exchange } from './response.ts';

export type Observe = (exchange: Exchange, method: string, status: number, milliseconds: number) => void;

/** Slower answers are logged for an operator to see. */
const SLOW_MS = 5_000;

/** @param answered counts, and names traces; `log` gets a line for each answer at `debug`, for slow ones at `warn` */
export function createObserve(answered: (request: AnsweredRequest, method: string) => void, log: Logger): Observe {
  return (exchange, method, status, milliseconds) => {
    const { interaction = 'none', operation, type = '' } = exchange.route ?? {};
    const name = operation === undefined ? interaction : `$${operation}`;
    answered({ interaction: name, type, status, seconds: milliseconds / 1000 }, method);
    const isSlow = milliseconds >= SLOW_MS;
    if (!isSlow && !log.enabled('debug')) return;
    const line = {
      requestId: exchange.requestId,
      client: exchange.client,
      method,
      interaction: name,
      resourceType: type,
      status,
      durationMs: Math.round(milliseconds * 10) / 10,
    };
    if (isSlow) log.warn('a request took long', line);
    else log.debug('answered', line);
  };
}
