/** Spans of a request, its interaction and the commands to the stores; how they are made is `open-telemetry.ts`'s affair. */
import type { RequestTiming } from './request-timing.ts';

/** What a request was, in words of the specification: never a URL, an id, a query or a body. */
interface TracedAnswer {
  readonly method: string;
  /** "read", "$everything" */
  readonly interaction: string;
  readonly type: string;
  readonly status: number;
}

/** A request's clock that also makes spans. */
export interface Tracing extends RequestTiming {
  /** Runs what a request asks for, as a span in the request's. */
  interaction<T>(name: string, work: () => Promise<T>): Promise<T>;
  /** The same for a part of it that is done in one go. */
  step<T>(name: string, work: () => T): T;
  /** Names the span of the request under way. */
  answered(answer: TracedAnswer): void;
  /** Sends what waits, within about 2 s. */
  close(): Promise<void>;
}
