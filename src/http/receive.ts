/** What is asked, first by method and URL, then with headers and body. */
import type { IncomingMessage } from 'node:http';
import type { Definitions } from '../definitions/definitions.ts';
import type { FhirRequest } from '../interactions/request.ts';
import { findRoute, type Method, type Route, type Routing } from '../interactions/route.ts';
import { methodNotAllowed, notAcceptable, notFound } from '../model/error.ts';
import type { Heard } from './audit-record.ts';
import type { Place } from './middleware/admission.ts';
import type { Authenticated } from './middleware/authenticate.ts';
import { type BaseUrlOptions, baseUrl } from './middleware/base-url.ts';
import { negotiate } from './middleware/negotiate.ts';
import type { RateLimits } from './middleware/rate-limit.ts';
import { pointsOfBody } from './middleware/weight.ts';
import { type BodyLimits, idempotencyOf, preconditionsOf, preferencesOf, readRequestBody, targetOf } from './request.ts';
import type { Exchange } from './response.ts';

export interface ReceiveOptions extends BaseUrlOptions, BodyLimits {
  readonly rates?: RateLimits | undefined;
}

/** What method and URL say. */
interface Asked {
  readonly method: Method;
  readonly route: Route;
  readonly path: string;
  readonly query: FhirRequest['query'];
}

interface Receive {
  /** What has been understood stands in `exchange` and `heard`, also if the rest is refused. @throws FhirError 404, 405, 406 */
  ask(incoming: IncomingMessage, exchange: Exchange, heard: Heard): Asked;
  /** With the body, for whom bytes are taken from `place`. @throws FhirError 400, 413, 415, 429 */
  request(incoming: IncomingMessage, asked: Asked, who: Authenticated, exchange: Exchange, place: Place): Promise<FhirRequest>;
}

const METHODS = new Set<string>(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE']);

export function createReceive(options: ReceiveOptions, definitions: Definitions, routing: Routing): Receive {
  const { basePath, rates } = options;
  return {
    ask(incoming, exchange, heard) {
      const target = targetOf(incoming.url ?? '/', basePath);
      if (!target) throw notFound(`there is nothing here; FHIR is at ${basePath}`);
      heard.target = (incoming.url ?? '/').slice(basePath.length + 1);
      const { presentation, query } = negotiate(incoming.headers.accept, target.query);
      exchange.presentation = presentation;
      const method = methodOf(incoming);
      const route = findRoute(method, target.path, routing);
      heard.route = route;
      const isText = presentation.isTextWanted && route.interaction === 'operation';
      if (presentation.isTextWanted && !isText) exchange.presentation = { ...presentation, isTextWanted: false };
      if (!presentation.isFhirAccepted && !isText && !isBinaryRead(route))
        throw notAcceptable(`nothing in "Accept: ${incoming.headers.accept}" can be made`, 'http.Accept');
      exchange.route = route;
      return { method, route, path: target.path, query };
    },

    async request(incoming, { method, route, path, query }, { principal, access }, exchange, place) {
      const { headers } = incoming;
      const hasBody = method !== 'GET' && method !== 'HEAD' && method !== 'DELETE';
      const received = hasBody ? await readRequestBody(incoming, route, options, definitions, place.take) : undefined;
      if (rates && received && route.interaction === 'batch') await rates.chargeLater(principal, pointsOfBody(received.bytes.length));
      return {
        ...route,
        ...preconditionsOf(incoming),
        method,
        path,
        query,
        prefer: preferencesOf(headers.prefer),
        body: received?.body,
        securityContext: headers['x-security-context'] as string | undefined,
        idempotency: received && idempotencyOf(headers['idempotency-key'], principal, method, incoming.url ?? '', received.bytes),
        acceptsFhirOnly: exchange.presentation.isFhirNamed,
        access,
        by: { client: principal.client, subject: principal.subject, request: exchange.requestId },
        baseUrl: baseUrl(headers, options),
      };
    },
  };
}

function methodOf(incoming: IncomingMessage): Method {
  const method = incoming.method ?? 'GET';
  if (!METHODS.has(method)) throw methodNotAllowed(`${method} is not a method of FHIR`, [...METHODS].join(', '));
  return method as Method;
}

const isBinaryRead = ({ interaction, type }: Route): boolean => type === 'Binary' && (interaction === 'read' || interaction === 'vread');
