/** The HTTP face: one pipeline from socket to answer. */

import type { IncomingMessage } from 'node:http';
import type { HttpBindings } from '@hono/node-server';
import { Hono } from 'hono';
import { PURPOSE_HEADER } from '../access/break-glass.ts';
import type { Decide } from '../access/decision.ts';
import type { TokenVerifier } from '../access/tokens.ts';
import type { Audit } from '../audit/audit.ts';
import { statusOf } from '../interactions/answer/error-response.ts';
import type { InteractionContext } from '../interactions/context.ts';
import { operationOf } from '../interactions/dispatch.ts';
import type { FhirRequest, FhirResponse } from '../interactions/request.ts';
import { findRoute, type Method, type Route } from '../interactions/route.ts';
import type { Work, WorkUnderWay } from '../lifecycle/work-under-way.ts';
import { FhirError, methodNotAllowed, notAcceptable, notFound } from '../model/error.ts';
import type { Readiness } from '../store/readiness.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { createRequestTiming, type RequestTiming } from '../telemetry/request-timing.ts';
import { auditRecordOf, type Heard } from './audit-record.ts';
import type { Consistency } from './consistency.ts';
import { createAuthorizationGuard } from './guard-authorization.ts';
import { type Admission, createAdmission, type Place } from './middleware/admission.ts';
import { type Authenticated, createAuthenticate, type RestrictionsOf } from './middleware/authenticate.ts';
import { type BaseUrlOptions, baseUrl } from './middleware/base-url.ts';
import { callerOf } from './middleware/caller.ts';
import { DEFAULT_PRESENTATION, negotiate } from './middleware/negotiate.ts';
import type { RateLimits } from './middleware/rate-limit.ts';
import { requestId } from './middleware/request-id.ts';
import { SECURITY_HEADERS } from './middleware/security-headers.ts';
import { ADMINISTRATION, pointsOfBody, type Weight, weightOf } from './middleware/weight.ts';
import { type MountedAuthorization, mountAuthorization } from './mount-authorization.ts';
import { NOBODY } from './nobody.ts';
import type { Observe } from './observe.ts';
import { type BodyLimits, idempotencyOf, preconditionsOf, preferencesOf, readRequestBody, targetOf } from './request.ts';
import { createResponseWriter, type Exchange } from './response.ts';
import { createRequestsUnderWay, isAnswerWanted } from './under-way.ts';

export interface AppOptions extends BaseUrlOptions, BodyLimits {
  readonly context: InteractionContext;
  readonly verifier: TokenVerifier;
  readonly decide: Decide;
  /** See `AuthenticateOptions`. */
  readonly restrictionsOf?: RestrictionsOf;
  /** How the stores are: `GET /health/ready`. */
  readonly readiness: () => Promise<Readiness>;
  /** Where every request is put on record before it is answered; without it nothing is. */
  readonly audit?: Audit | undefined;
  /** What the stores' calls are counted by; without it `Server-Timing` tells nothing of the stores. */
  readonly timing?: RequestTiming;
  /** What cancels the stores' work; without it only what has not begun is refused. */
  readonly underWay?: WorkUnderWay;
  /** How much may be under way at once; default: anything. */
  readonly admission?: Admission;
  /** Default: no limits. */
  readonly rates?: RateLimits;
  /** How long a request may take, and a Bundle or an operation; default: any time. */
  readonly requestTimeoutMs?: number;
  readonly bundleTimeoutMs?: number;
  /** Bodies of at least so many characters are compressed for clients that ask; default 0: none. */
  readonly compressFrom?: number;
  /** Answers at its own addresses, beside FHIR. */
  readonly authorization?: MountedAuthorization;
  /** What answers are counted by; without it there is no `GET /metrics`. */
  readonly metrics?: Pick<Metrics, 'text' | 'contentType'>;
  /** From where requests read, and how new it must be; without it from wherever the stores like. */
  readonly consistency?: Consistency;
  /** Told of every answer. */
  readonly observe?: Observe;
}

/** What is about nobody's data, and what is no FHIR, is not put on record. */
const isAudited = ({ target, route }: Heard): boolean => target !== undefined && route?.interaction !== 'capabilities';

const METHODS = new Set<string>(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE']);

/** A Hono application for `@hono/node-server`; it reads `env.incoming`, so it needs a real socket. */
export function createApp(options: AppOptions): Hono<{ Bindings: HttpBindings }> {
  const {
    context,
    rates,
    metrics,
    observe,
    requestTimeoutMs = Number.POSITIVE_INFINITY,
    bundleTimeoutMs = Number.POSITIVE_INFINITY,
  } = options;
  const timing = options.timing ?? createRequestTiming();
  const underWay = options.underWay ?? createRequestsUnderWay();
  const admission = options.admission ?? createAdmission({ maxRequests: Number.POSITIVE_INFINITY, maxBytes: Number.POSITIVE_INFINITY });
  const isSecure = options.publicUrl?.startsWith('https:') ?? options.isSecure ?? false;
  const writer = createResponseWriter({
    definitions: context.definitions,
    log: context.log,
    isSecure,
    compressFrom: options.compressFrom ?? 0,
    consistencyToken: options.consistency?.token,
  });
  const authenticate = createAuthenticate(options);
  const routing = { isResourceType: (type: string) => context.definitions.isResourceType(type), findOperation: context.findOperation };
  const isAdministrative = (route: Route) => operationOf(route, context)?.isAdministrative ?? false;

  async function answer(incoming: IncomingMessage, work: Work, exchange: Exchange): Promise<Response> {
    const heard: Heard = { target: undefined };
    let place: Place | undefined;
    let isOnRecord = false;
    try {
      const target = targetOf(incoming.url ?? '/', options.basePath);
      if (!target) throw notFound(`there is nothing here; FHIR is at ${options.basePath}`);
      heard.target = (incoming.url ?? '/').slice(options.basePath.length + 1);
      const { presentation, query } = negotiate(incoming.headers.accept, target.query);
      exchange.presentation = presentation;
      const method = methodOf(incoming);
      const route = findRoute(method, target.path, routing);
      heard.route = route;
      const isText = presentation.isTextWanted && route.interaction === 'operation';
      if (presentation.isTextWanted && !isText) exchange.presentation = { ...presentation, isTextWanted: false };
      if (!presentation.isFhirAccepted && !isText && !isBinaryRead(route))
        throw notAcceptable(`nothing in "Accept: ${incoming.headers.accept}" can be made`);
      exchange.route = route;
      const weight = weightOf(route, isAdministrative);
      place = admission.enter(weight.urgency);
      work.endWithin(weight.isLong ? bundleTimeoutMs : requestTimeoutMs);
      if (isAudited(heard)) options.audit?.check();
      const who = await admit(incoming, route, weight, exchange, heard);
      const request = await requestOf(incoming, { method, route, path: target.path, query }, who, exchange, place);
      heard.request = request;
      const terms = options.consistency?.termsOf(route, incoming.headers, operationOf(route, context)?.isReading);
      exchange.shown = terms?.shown;
      const response = await (terms ? terms.run(() => context.dispatch(request)) : context.dispatch(request));
      isOnRecord = true;
      record(incoming, heard, response, exchange);
      return await writer.write(response, exchange);
    } catch (error) {
      return await writer.writeError(isOnRecord ? error : recorded(error, incoming, heard, exchange), exchange);
    } finally {
      place?.leave();
    }
  }

  /** @throws FhirError 503 when it can't be kept */
  function record(incoming: IncomingMessage, heard: Heard, answered: Pick<FhirResponse, 'status'>, { requestId: id }: Exchange): void {
    if (options.audit && isAudited(heard)) options.audit.keep(auditRecordOf(incoming, callerOf(incoming, options), heard, answered, id));
  }

  /** The error, once it is on record; else why it can't be. */
  function recorded(error: unknown, incoming: IncomingMessage, heard: Heard, exchange: Exchange): unknown {
    try {
      record(incoming, heard, { status: statusOf(error) }, exchange);
      return error;
    } catch (refusal) {
      return refusal;
    }
  }

  /** Who asks, if they have not asked for too much. @throws FhirError 401, 429 */
  async function admit(incoming: IncomingMessage, route: Route, weight: Weight, exchange: Exchange, heard: Heard): Promise<Authenticated> {
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
  }

  async function requestOf(
    incoming: IncomingMessage,
    { method, route, path, query }: Asked,
    { principal, access }: Authenticated,
    exchange: Exchange,
    place: Place,
  ): Promise<FhirRequest> {
    const { headers } = incoming;
    const hasBody = method !== 'GET' && method !== 'HEAD' && method !== 'DELETE';
    const received = hasBody ? await readRequestBody(incoming, route, options, context.definitions, place.take) : undefined;
    if (rates && received && route.interaction === 'batch') await rates.chargeLater(principal, pointsOfBody(received.bytes.length));
    return {
      ...route,
      ...preconditionsOf(headers),
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
  }

  async function observed(incoming: IncomingMessage, work: Work, told: () => string): Promise<Response> {
    const startedAt = performance.now();
    const exchange = exchangeOf(incoming, told);
    const response = await answer(incoming, work, exchange);
    observe?.(exchange, incoming.method ?? '', response.status, performance.now() - startedAt);
    return response;
  }

  /** For an administrator's token: figures tell what a hospital does. */
  async function tellMetrics(incoming: IncomingMessage, metrics: Pick<Metrics, 'text' | 'contentType'>): Promise<Response> {
    const exchange = exchangeOf(incoming, () => 'total');
    try {
      const { access } = await admit(incoming, { interaction: 'operation', operation: 'metrics' }, ADMINISTRATION, exchange, {
        target: undefined,
      });
      access.requireOperation('metrics', 'r');
      return new Response(await metrics.text(), { headers: { ...SECURITY_HEADERS, 'Content-Type': metrics.contentType } });
    } catch (error) {
      return await writer.writeError(error, exchange);
    }
  }

  const app = new Hono<{ Bindings: HttpBindings }>();
  app.get('/health/live', (c) => c.json({ status: 'live' }));
  // Degraded is ready: what still works is to be had here, and another gateway would have the same stores.
  app.get('/health/ready', async (c) => {
    const { status, troubled } = await options.readiness();
    return c.json({ status, ...(troubled.length > 0 && { troubled }) }, status === 'not ready' ? 503 : 200);
  });
  if (options.authorization) {
    const guard = createAuthorizationGuard({ admission, rates, underWay, requestTimeoutMs, isSecure });
    mountAuthorization(app, options.authorization, options.basePath, guard);
  }
  if (metrics) app.get('/metrics', (c) => tellMetrics(c.env.incoming, metrics));
  app.all('*', (c) => {
    const { incoming } = c.env;
    return underWay.run(
      () => isAnswerWanted(incoming),
      (work) => timing.run((told) => observed(incoming, work, told), incoming.headers.traceparent as string | undefined),
    );
  });
  return app;
}

/** What method and URL say. */
interface Asked {
  readonly method: Method;
  readonly route: Route;
  readonly path: string;
  readonly query: FhirRequest['query'];
}

function exchangeOf({ headers }: IncomingMessage, timing: () => string): Exchange {
  return {
    requestId: requestId(headers['x-request-id']),
    timing,
    presentation: DEFAULT_PRESENTATION,
    acceptEncoding: headers['accept-encoding'] as string | undefined,
    breaksGlass: headers[PURPOSE_HEADER] !== undefined,
  };
}

function methodOf(incoming: IncomingMessage): Method {
  const method = incoming.method ?? 'GET';
  if (!METHODS.has(method)) throw methodNotAllowed(`${method} is not a method of FHIR`, [...METHODS].join(', '));
  return method as Method;
}

const isBinaryRead = ({ interaction, type }: Route): boolean => type === 'Binary' && (interaction === 'read' || interaction === 'vread');

/** Of the next hop: behind a balancer that is the balancer, which has limits of its own. */
const addressOf = ({ socket }: IncomingMessage): string => socket.remoteAddress ?? '';

const isTokenRefused = ({ headers }: IncomingMessage, error: unknown): boolean =>
  headers.authorization !== undefined && error instanceof FhirError && error.status === 401;
