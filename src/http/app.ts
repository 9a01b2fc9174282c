/** The HTTP face: one pipeline from socket to answer. */

import type { IncomingMessage } from 'node:http';
import type { HttpBindings } from '@hono/node-server';
import { Hono } from 'hono';
import type { Decide } from '../access/decision.ts';
import type { TokenVerifier } from '../access/tokens.ts';
import type { InteractionContext } from '../interactions/context.ts';
import type { FhirRequest } from '../interactions/request.ts';
import { findRoute, type Method, type Route } from '../interactions/route.ts';
import { methodNotAllowed, notAcceptable, notFound } from '../model/error.ts';
import { createRequestTiming, type RequestTiming } from '../telemetry/request-timing.ts';
import { type Authenticated, createAuthenticate, type RestrictionsOf } from './middleware/authenticate.ts';
import { type BaseUrlOptions, baseUrl } from './middleware/base-url.ts';
import { DEFAULT_PRESENTATION, negotiate, type Presentation } from './middleware/negotiate.ts';
import { requestId } from './middleware/request-id.ts';
import { NOBODY } from './nobody.ts';
import { type BodyLimits, idempotencyOf, preconditionsOf, preferencesOf, readRequestBody, targetOf } from './request.ts';
import { createResponseWriter } from './response.ts';

export interface AppOptions extends BaseUrlOptions, BodyLimits {
  readonly context: InteractionContext;
  readonly verifier: TokenVerifier;
  readonly decide: Decide;
  /** See `AuthenticateOptions`. */
  readonly restrictionsOf?: RestrictionsOf;
  /** True when the stores can be reached: `GET /health/ready`. */
  readonly isReady: () => Promise<boolean>;
  /** What the stores' calls are counted by; without it `Server-Timing` tells nothing of the stores. */
  readonly timing?: RequestTiming;
}

const METHODS = new Set<string>(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE']);

/** A Hono application for `@hono/node-server`; it reads `env.incoming`, so it needs a real socket. */
export function createApp(options: AppOptions): Hono<{ Bindings: HttpBindings }> {
  const { context } = options;
  const writer = createResponseWriter(context.definitions, context.log);
  const authenticate = createAuthenticate(options);
  const routing = { isResourceType: (type: string) => context.definitions.isResourceType(type), findOperation: context.findOperation };

  const timing = options.timing ?? createRequestTiming();

  async function answer(incoming: IncomingMessage, told: () => string): Promise<Response> {
    const by = requestId(incoming.headers['x-request-id']);
    let presentation = DEFAULT_PRESENTATION;
    try {
      const target = targetOf(incoming.url ?? '/', options.basePath);
      if (!target) throw notFound(`there is nothing here; FHIR is at ${options.basePath}`);
      const negotiated = negotiate(incoming.headers.accept, target.query);
      presentation = negotiated.presentation;
      const method = methodOf(incoming);
      const route = findRoute(method, target.path, routing);
      const isText = presentation.isTextWanted && route.interaction === 'operation';
      if (presentation.isTextWanted && !isText) presentation = { ...presentation, isTextWanted: false };
      if (!presentation.isFhirAccepted && !isText && !isBinaryRead(route))
        throw notAcceptable(`nothing in "Accept: ${incoming.headers.accept}" can be made`);
      const who = route.interaction === 'capabilities' ? NOBODY : await authenticate(incoming.headers);
      const request = await requestOf(incoming, method, route, target.path, negotiated.query, presentation, who, by);
      return writer.write(await context.dispatch(request), presentation, by, told());
    } catch (error) {
      return writer.writeError(error, presentation, by, told());
    }
  }

  async function requestOf(
    incoming: IncomingMessage,
    method: Method,
    route: Route,
    path: string,
    query: FhirRequest['query'],
    presentation: Presentation,
    { principal, access }: Authenticated,
    id: string,
  ): Promise<FhirRequest> {
    const { headers } = incoming;
    const hasBody = method !== 'GET' && method !== 'HEAD' && method !== 'DELETE';
    const received = hasBody ? await readRequestBody(incoming, route, options, context.definitions) : undefined;
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
      acceptsFhirOnly: presentation.isFhirNamed,
      access,
      by: { client: principal.client, subject: principal.subject, request: id },
      baseUrl: baseUrl(headers, options),
    };
  }

  const app = new Hono<{ Bindings: HttpBindings }>();
  app.get('/health/live', (c) => c.json({ status: 'live' }));
  app.get('/health/ready', async (c) => ((await options.isReady()) ? c.json({ status: 'ready' }) : c.json({ status: 'not ready' }, 503)));
  app.all('*', (c) => timing.run((told) => answer(c.env.incoming, told)));
  return app;
}

function methodOf(incoming: IncomingMessage): Method {
  const method = incoming.method ?? 'GET';
  if (!METHODS.has(method)) throw methodNotAllowed(`${method} is not a method of FHIR`, [...METHODS].join(', '));
  return method as Method;
}

const isBinaryRead = ({ interaction, type }: Route): boolean => type === 'Binary' && (interaction === 'read' || interaction === 'vread');
