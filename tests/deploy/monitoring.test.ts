/** A dashboard or an alert over a figure that is not there would be silent when it matters. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { createEdge } from '../../src/http/edge.ts';
import { edgeMetrics } from '../../src/http/edge-metrics.ts';
import { createRequestsUnderWay } from '../../src/http/under-way.ts';
import type { Administration } from '../../src/store/administration.ts';
import { storeMetrics } from '../../src/store/store-metrics.ts';
import { createMetrics } from '../../src/telemetry/metrics.ts';

const FOLDER = join(import.meta.dirname, '../../docs/operations');
/** Told by Prometheus itself. */
const OF_PROMETHEUS = new Set(['up']);
const WORDS_OF_PROMQL =
  /\b(sum|min|max|topk|rate|increase|by|histogram_quantile|min_over_time|label_values|instance|le|interaction|type|status|store|operation|engine|set|member|kind|pool|state|outcome|table|partition|urgency|reason|job)\b/g;

async function told(): Promise<ReadonlySet<string>> {
  const options = {
    baseUrl: 'http://localhost/fhir/R4',
    corsOrigins: [],
    maxRequests: 1,
    maxBytesAtOnce: 1,
    clientRateLimit: 0,
    userRateLimit: 0,
    refusedTokenLimit: 0,
    authorizationRateLimit: 0,
  };
  const edge = createEdge(options, { warn: () => undefined });
  const silent = { describePool: () => ({ name: 'a', open: 0, busy: 0, waiting: 0 }), describePools: () => [] };
  const administration = { clinical: silent, administrative: silent } as unknown as Administration;
  const commits = { committed: 0, undone: 0, undecided: 0 };
  const metrics = createMetrics([...edgeMetrics(edge, createRequestsUnderWay()), ...storeMetrics(administration, commits)]);
  const names = [...(await metrics.text()).matchAll(/^# TYPE (\S+) (\S+)$/gm)].flatMap(([, name = '', kind]) =>
    kind === 'histogram' ? [`${name}_bucket`, `${name}_count`, `${name}_sum`] : [name],
  );
  return new Set([...names, ...OF_PROMETHEUS]);
}

/** Names of metrics in an expression. */
function namesIn(expression: string): string[] {
  const bare = expression.replaceAll(/\{[^}]*\}|"[^"]*"|\$\w+|\[[^\]]*\]/g, ' ').replaceAll(/\bby \([^)]*\)/g, ' ');
  return [...bare.replaceAll(WORDS_OF_PROMQL, ' ').matchAll(/[a-z]\w*/g)].map(([name]) => name).filter((name) => !/^e\d+$/.test(name));
}

function expressionsIn(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]) =>
    (name === 'expr' || name === 'query') && typeof inner === 'string' && inner !== 'prometheus' ? [inner] : expressionsIn(inner),
  );
}

describe.each([
  ['grafana-dashboard.json', JSON.parse(readFileSync(join(FOLDER, 'grafana-dashboard.json'), 'utf8'))],
  ['alert-rules.yml', parse(readFileSync(join(FOLDER, 'alert-rules.yml'), 'utf8'))],
])('%s', (_file, content) => {
  const expressions = expressionsIn(content);

  test('names only figures that the gateway tells', async () => {
    const known = await told();
    const named = expressions.map((expression) => [expression, namesIn(expression)] as const);
    expect(named.length).toBeGreaterThan(10);
    for (const [expression, names] of named) {
      expect(names, expression).not.toEqual([]);
      for (const name of names) expect(known, expression).toContain(name);
    }
  });
});
