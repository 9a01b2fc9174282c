/** What the edge can tell of itself. */
import type { WorkUnderWay } from '../lifecycle/work-under-way.ts';
import type { MetricSource, Sample } from '../telemetry/metrics.ts';
import type { Edge } from './edge.ts';

export function edgeMetrics({ admission, rates }: Edge, underWay: WorkUnderWay): readonly MetricSource[] {
  return [
    {
      name: 'meridian_requests_under_way',
      help: 'Requests that have no answer yet.',
      kind: 'gauge',
      read: () => [{ value: underWay.count() }],
    },
    {
      name: 'meridian_body_bytes',
      help: 'Bytes of request bodies in memory.',
      kind: 'gauge',
      read: () => [{ value: admission.counts.bytes }],
    },
    {
      name: 'meridian_requests_shed_total',
      help: 'Requests refused with 503 because too much was under way, by urgency; "bytes": because of their bodies.',
      kind: 'counter',
      labels: ['urgency'],
      read: () => byLabel('urgency', admission.counts.refused),
    },
    {
      name: 'meridian_requests_limited_total',
      help: 'Requests refused with 429, by what had asked for too much: client, user or address; authorization: at the authorization server.',
      kind: 'counter',
      labels: ['by'],
      read: () => byLabel('by', rates.refused),
    },
    {
      name: 'meridian_tokens_refused_total',
      help: 'Bearer tokens that were refused with 401.',
      kind: 'counter',
      read: () => [{ value: rates.tokensRefused() }],
    },
    {
      name: 'meridian_requests_stopped_total',
      help: 'Requests stopped before their end: too long, or the client had gone.',
      kind: 'counter',
      labels: ['reason'],
      read: () => byLabel('reason', underWay.stopped),
    },
  ];
}

const byLabel = (label: string, counts: Readonly<Record<string, number>>): readonly Sample[] =>
  Object.entries(counts).map(([name, value]) => ({ value, labels: { [label]: name } }));
