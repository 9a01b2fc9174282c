/**
 * Figures for Prometheus. Requests are counted as they end; everything else is read when somebody asks, from counts that are
 * kept anyway.
 *
 * Labels hold interactions, resource types, statuses and names of machines: nothing of a patient, and few values.
 * @see https://prometheus.io/docs/practices/naming/
 */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

/** One value, with its labels. */
export interface Sample {
  readonly value: number;
  readonly labels?: Readonly<Record<string, string>>;
}

/** A figure that is read when asked for. */
export interface MetricSource {
  readonly name: string;
  readonly help: string;
  /** `counter` only grows while the process lives. */
  readonly kind: 'gauge' | 'counter';
  readonly labels?: readonly string[];
  readonly read: () => readonly Sample[] | Promise<readonly Sample[]>;
}

/** What a request came to. */
export interface AnsweredRequest {
  /** A code of restful-interaction, `$name` of an operation, or "none" when the path led nowhere. */
  readonly interaction: string;
  /** "" for what has no type. */
  readonly type: string;
  readonly status: number;
  readonly seconds: number;
}

export interface Metrics {
  /** Of the text. */
  readonly contentType: string;
  /** Everything, in Prometheus' text format. */
  text(): Promise<string>;
  /** Counts an answer; half a microsecond. */
  answered(request: AnsweredRequest): void;
  /** Counts a request that asked to break the glass, by its status. */
  glassBroken(status: number): void;
  /** Counts a call of a store. */
  stored(store: string, operation: string, seconds: number, isFailure: boolean): void;
}

const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

export function createMetrics(sources: readonly MetricSource[]): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: 20 });
  for (const source of sources) register(source, registry);

  const requests = new Counter({
    name: 'meridian_requests_total',
    help: 'Requests answered, by interaction, resource type and status.',
    labelNames: ['interaction', 'type', 'status'],
    registers: [registry],
  });
  const requestSeconds = new Histogram({
    name: 'meridian_request_seconds',
    help: 'Time from the headers of a request to its answer.',
    labelNames: ['interaction'],
    buckets: SECONDS,
    registers: [registry],
  });
  const storeSeconds = new Histogram({
    name: 'meridian_store_seconds',
    help: 'Time of the calls of a store, waiting for their batch included.',
    labelNames: ['store', 'operation'],
    buckets: SECONDS,
    registers: [registry],
  });
  const storeFailures = new Counter({
    name: 'meridian_store_failures_total',
    help: 'Calls of a store that failed, refused commits not counted.',
    labelNames: ['store', 'operation'],
    registers: [registry],
  });
  const glass = new Counter({
    name: 'meridian_break_glass_total',
    help: 'Requests that asked to set consents and labels aside (X-Purpose-Of-Use: BTG), by what became of them.',
    labelNames: ['outcome'],
    registers: [registry],
  });
  // From the start, or the first one would be no increase to who watches.
  for (const outcome of ['done', 'refused']) glass.labels(outcome).inc(0);
  // Label values are hashed once and not for each request.
  const requestsOf = remembering((interaction, type) => remembering((status) => requests.labels(interaction, type, status)));
  const requestSecondsOf = remembering((interaction) => requestSeconds.labels(interaction));
  const storeSecondsOf = remembering((store, operation) => storeSeconds.labels(store, operation));

  return {
    contentType: registry.contentType,
    text: () => registry.metrics(),
    answered: ({ interaction, type, status, seconds }) => {
      requestsOf(interaction, type)(String(status)).inc();
      requestSecondsOf(interaction).observe(seconds);
    },
    glassBroken: (status) => glass.labels(status < 400 ? 'done' : 'refused').inc(),
    stored: (store, operation, seconds, isFailure) => {
      storeSecondsOf(store, operation).observe(seconds);
      if (isFailure) storeFailures.labels(store, operation).inc();
    },
  };
}

function register({ name, help, kind, labels = [], read }: MetricSource, registry: Registry): void {
  const options = { name, help, labelNames: [...labels], registers: [registry] };
  const metric = kind === 'gauge' ? new Gauge(options) : new Counter(options);
  (metric as unknown as { collect(): Promise<void> }).collect = async () => {
    const samples = await read();
    metric.reset();
    for (const { value, labels: values } of samples) values ? metric.inc(values, value) : metric.inc(value);
  };
}

/** `make` called once for each pair of texts. */
function remembering<Made>(make: (first: string, second: string) => Made): (first: string, second?: string) => Made {
  const made = new Map<string, Map<string, Made>>();
  return (first, second = '') => {
    const ofFirst = made.get(first) ?? new Map<string, Made>();
    const known = ofFirst.get(second);
    if (known !== undefined) return known;
    const value = make(first, second);
    made.set(first, ofFirst.set(second, value));
    return value;
  };
}
