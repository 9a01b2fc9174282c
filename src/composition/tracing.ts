/** Traces, where a collector is configured; else nothing of them is loaded or done. */
import manifest from '../../package.json' with { type: 'json' };
import type { Config } from '../config/options.ts';
import type { InteractionContext } from '../interactions/context.ts';
import type { AnsweredRequest } from '../telemetry/metrics.ts';
import { createRequestTiming } from '../telemetry/request-timing.ts';
import type { Tracing } from '../telemetry/tracing.ts';

export async function tracingOf({ otlpEndpoint }: Config): Promise<Tracing | undefined> {
  if (otlpEndpoint === undefined) return undefined;
  const { openTracing } = await import('../telemetry/open-telemetry.ts');
  return openTracing({ endpoint: otlpEndpoint, version: manifest.version, timing: createRequestTiming() });
}

/** Each request's interaction is a span of its own. Those of a Bundle's entries belong to the Bundle's. */
export function traced(context: InteractionContext, tracing: Tracing): InteractionContext {
  return { ...context, dispatch: (request) => tracing.interaction(request.interaction, () => context.dispatch(request)) };
}

/** Counts, and names the request's span. */
export function tracedAnswers(
  answered: (request: AnsweredRequest) => void,
  tracing: Tracing,
): (request: AnsweredRequest, method: string) => void {
  return (request, method) => {
    answered(request);
    tracing.answered({ method, interaction: request.interaction, type: request.type, status: request.status });
  };
}
