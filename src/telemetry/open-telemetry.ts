/**
 * Traces for an OpenTelemetry collector, by OTLP over HTTP. Loaded only where an endpoint is configured.
 * @see https://opentelemetry.io/docs/specs/otlp/#otlphttp
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { type Context, ROOT_CONTEXT, type Span, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { BasicTracerProvider, BatchSpanProcessor } from '@opentelemetry/sdk-trace-base';
import type { RequestTiming } from './request-timing.ts';
import type { Tracing } from './tracing.ts';

interface TracingOptions {
  /** The collector's base URL: traces go to `/v1/traces` below it. */
  readonly endpoint: string;
  readonly version: string;
  readonly timing: RequestTiming;
}

/** What is under way: the request's span, and the context in which the next span belongs. */
interface Scope {
  readonly request: Span;
  readonly context: Context;
}

const EXPORT_WITHIN_MS = 2_000;

export function openTracing({ endpoint, version, timing }: TracingOptions): Tracing {
  const url = `${endpoint.replace(/\/$/, '')}/v1/traces`;
  const provider = new BasicTracerProvider({
    resource: resourceFromAttributes({ 'service.name': 'meridian', 'service.version': version }),
    spanProcessors: [new BatchSpanProcessor(new OTLPTraceExporter({ url, timeoutMillis: EXPORT_WITHIN_MS }))],
  });
  const tracer = provider.getTracer('meridian', version);
  const scopes = new AsyncLocalStorage<Scope>();

  /** Outside a request there is nothing to belong to, and no span. */
  async function within<T>(name: string, kind: SpanKind, work: () => Promise<T>): Promise<T> {
    const scope = scopes.getStore();
    if (!scope) return work();
    const span = tracer.startSpan(name, { kind }, scope.context);
    return ended(span, () => scopes.run({ request: scope.request, context: trace.setSpan(scope.context, span) }, work));
  }

  return {
    run: (work, traceparent) => {
      const parent = contextOf(traceparent);
      const request = tracer.startSpan('request', { kind: SpanKind.SERVER }, parent);
      return ended(request, () => scopes.run({ request, context: trace.setSpan(parent, request) }, () => timing.run(work)));
    },
    inStore: (work, command) => within(`store ${command}`, SpanKind.CLIENT, () => timing.inStore(work, command)),
    interaction: (name, work) => within(name, SpanKind.INTERNAL, work),
    step(name, work) {
      const scope = scopes.getStore();
      if (!scope) return work();
      const span = tracer.startSpan(name, { kind: SpanKind.INTERNAL }, scope.context);
      try {
        return work();
      } catch (error) {
        span.setStatus({ code: SpanStatusCode.ERROR });
        throw error;
      } finally {
        span.end();
      }
    },
    answered({ method, interaction, type, status }) {
      const request = scopes.getStore()?.request;
      request?.updateName(type === '' ? interaction : `${interaction} ${type}`);
      request?.setAttributes({
        'http.request.method': method,
        'http.response.status_code': status,
        'fhir.interaction': interaction,
        'fhir.type': type,
      });
      if (status >= 500) request?.setStatus({ code: SpanStatusCode.ERROR });
    },
    close: () => provider.shutdown().catch(() => undefined),
  };
}

/** An error marks the span and is not described: messages may name what a client sent. */
async function ended<T>(span: Span, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    span.setStatus({ code: SpanStatusCode.ERROR });
    throw error;
  } finally {
    span.end();
  }
}

/** The caller's trace goes on here. @see https://www.w3.org/TR/trace-context/#traceparent-header */
function contextOf(traceparent: string | undefined): Context {
  const [, traceId, spanId, flags] = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/.exec(traceparent ?? '') ?? [];
  if (!traceId || !spanId || /^0+$/.test(traceId) || /^0+$/.test(spanId)) return ROOT_CONTEXT;
  return trace.setSpanContext(ROOT_CONTEXT, { traceId, spanId, traceFlags: Number.parseInt(flags ?? '0', 16), isRemote: true });
}
