/** What is counted and logged of every answer: never a URL, an id, a query or a body. */
import type { Notice } from '../audit/notices.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { AnsweredRequest, Metrics } from '../telemetry/metrics.ts';
import type { Exchange } from './response.ts';

export type Observe = (exchange: Exchange, method: string, status: number, milliseconds: number) => void;

/** What counts answers. */
interface ObservedBy extends Pick<Metrics, 'glassBroken'> {
  readonly answered: (request: AnsweredRequest, method: string) => void;
  /** Tells somebody that a known client broke the glass, or tried to. */
  readonly tell?: ((broken: Notice) => void) | undefined;
}

/** Slower answers are logged for an operator to see. */
const SLOW_MS = 5_000;

/** `answered` counts, and names traces; `log` gets a line for each answer at `debug`, for slow ones and broken glass at `warn` */
export function createObserve({ answered, glassBroken, tell }: ObservedBy, log: Logger): Observe {
  return (exchange, method, status, milliseconds) => {
    const { interaction = 'none', operation, type = '' } = exchange.route ?? {};
    const name = operation === undefined ? interaction : `$${operation}`;
    answered({ interaction: name, type, status, seconds: milliseconds / 1000 }, method);
    const isSlow = milliseconds >= SLOW_MS;
    if (exchange.breaksGlass) glassBroken(status);
    const { client, requestId } = exchange;
    if (exchange.breaksGlass && client !== undefined) tell?.({ requestId, client, method, interaction: name, resourceType: type, status });
    if (!isSlow && !exchange.breaksGlass && !log.enabled('debug')) return;
    const line = {
      requestId: exchange.requestId,
      client: exchange.client,
      method,
      interaction: name,
      resourceType: type,
      status,
      durationMs: Math.round(milliseconds * 10) / 10,
    };
    if (exchange.breaksGlass) log.warn(status < 400 ? 'glass was broken' : 'breaking the glass failed', line);
    if (isSlow) log.warn('a request took long', line);
    else if (!exchange.breaksGlass) log.debug('answered', line);
  };
}
