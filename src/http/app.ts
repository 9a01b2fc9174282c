/** The HTTP face: one pipeline from socket to answer. */

import type { IncomingMessage } from 'node:http';
import type { HttpBindings } from '@hono/node-server';
import { Hono } from 'hono';
import { PURPOSE_HEADER } from '../access/break-glass.ts';
import type { Work, WorkUnderWay } from '../lifecycle/work-under-way.ts';
import type { Readiness } from '../store/readiness.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { createRequestTiming, type RequestTiming } from '../telemetry/request-timing.ts';
import { type Admit, type AdmitOptions, createAdmit } from './admit.ts';
import { type AnswerOptions, createAnswer } from './answer.ts';
import { createAuthorizationGuard } from './guard-authorization.ts';
import { type Admission, createAdmission } from './middleware/admission.ts';
import { DEFAULT_PRESENTATION } from './middleware/negotiate.ts';
import { requestId } from './middleware/request-id.ts';
import { SECURITY_HEADERS } from './middleware/security-headers.ts';
import { ADMINISTRATION } from './middleware/weight.ts';
import { type MountedAuthorization, mountAuthorization } from './mount-authorization.ts';
import type { Observe } from './observe.ts';
import { createResponseWriter, type Exchange, type ResponseWriter } from './response.ts';
import { createRequestsUnderWay, isAnswerWanted } from './under-way.ts';

export interface AppOptions extends AnswerOptions, AdmitOptions {
  /** How the stores are: `GET /health/ready`. */
  readonly readiness: () => Promise<Readiness>;
  /** What the stores' calls are counted by; without it `Server-Timing` tells nothing of the stores. */
  readonly timing?: RequestTiming;
  /** What cancels the stores' work; without it only what has not begun is refused. */
  readonly underWay?: WorkUnderWay;
  /** How much may be under way at once; default: anything. */
  readonly admission?: Admission;
  /** Bodies of at least so many characters are compressed for clients that ask; default 0: none. */
  readonly compressFrom?: number;
  /** Answers at its own addresses, beside FHIR. */
  readonly authorization?: MountedAuthorization;
  /** What answers are counted by; without it there is no `GET /metrics`. */
  readonly metrics?: Pick<Metrics, 'text' | 'contentType'>;
  /** Told of every answer. */
  readonly observe?: Observe;
}

/** A Hono application for `@hono/node-server`; it reads `env.incoming`, so it needs a real socket. */
export function createApp(options: AppOptions): Hono<{ Bindings: HttpBindings }> {
  const { context, rates, metrics, observe, requestTimeoutMs = Number.POSITIVE_INFINITY } = options;
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
  const admit = createAdmit(options);
  const answer = createAnswer(options, { admit, admission, writer });

  async function observed(incoming: IncomingMessage, work: Work, told: () => string): Promise<Response> {
    const startedAt = performance.now();
    const exchange = exchangeOf(incoming, told);
    const response = await answer(incoming, work, exchange);
    observe?.(exchange, incoming.method ?? '', response.status, performance.now() - startedAt);
    return response;
  }

  const app = new Hono<{ Bindings: HttpBindings }>();
  mountHealth(app, options.readiness);
  if (options.authorization) {
    const guard = createAuthorizationGuard({ admission, rates, underWay, requestTimeoutMs, isSecure });
    mountAuthorization(app, options.authorization, options.basePath, guard);
  }
  if (metrics) app.get('/metrics', (c) => tellMetrics(c.env.incoming, metrics, admit, writer));
  app.all('*', (c) => {
    const { incoming } = c.env;
    return underWay.run(
      () => isAnswerWanted(incoming),
      (work) => timing.run((told) => observed(incoming, work, told), incoming.headers.traceparent as string | undefined),
    );
  });
  return app;
}

function mountHealth(app: Hono<{ Bindings: HttpBindings }>, readiness: AppOptions['readiness']): void {
  app.get('/health/live', (c) => c.json({ status: 'live' }));
  // Degraded is ready: what still works is to be had here, and another gateway would have the same stores.
  app.get('/health/ready', async (c) => {
    const { status, troubled } = await readiness();
    return c.json({ status, ...(troubled.length > 0 && { troubled }) }, status === 'not ready' ? 503 : 200);
  });
}

/** For an administrator's token: figures tell what a hospital does. */
async function tellMetrics(
  incoming: IncomingMessage,
  metrics: Pick<Metrics, 'text' | 'contentType'>,
  admit: Admit,
  writer: ResponseWriter,
): Promise<Response> {
  const exchange = exchangeOf(incoming, () => 'total');
  try {
    const route = { interaction: 'operation', operation: 'metrics' } as const;
    const { access } = await admit(incoming, route, ADMINISTRATION, exchange, { target: undefined });
    access.requireOperation('metrics', 'r');
    return new Response(await metrics.text(), { headers: { ...SECURITY_HEADERS, 'Content-Type': metrics.contentType } });
  } catch (error) {
    return await writer.writeError(error, exchange);
  }
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
