import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openTracing } from './open-telemetry.ts';
import { createRequestTiming } from './request-timing.ts';

interface SentSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly status?: { readonly code?: number };
  readonly attributes: readonly { readonly key: string; readonly value: { readonly stringValue?: string; readonly intValue?: number } }[];
}

const sent: { readonly path: string | undefined; readonly text: string }[] = [];
const collector = createServer(async (request: IncomingMessage, response) => {
  let text = '';
  for await (const chunk of request) text += chunk;
  sent.push({ path: request.url, text });
  response.writeHead(200, { 'Content-Type': 'application/json' }).end('{}');
});

beforeAll(() => new Promise<void>((resolve) => collector.listen(0, '127.0.0.1', resolve)));
afterAll(() => new Promise<void>((resolve) => void collector.close(() => resolve())));

describe('traces', () => {
  test('tell the request, its interaction and the commands to the stores, in the caller’s trace, without what was said', async () => {
    const { port } = collector.address() as AddressInfo;
    const tracing = openTracing({ endpoint: `http://127.0.0.1:${port}`, version: '1', timing: createRequestTiming() });
    const [traceId, spanId] = ['0af7651916cd43dd8448eb211c80319c', 'b7ad6b7169203331'];
    await tracing.run(async (told) => {
      const failing = async () => {
        await tracing.inStore(async () => 1, 'read');
        await tracing.inStore(() => Promise.reject(new Error('Patient/secret is not there')), 'commit');
      };
      await tracing.interaction('update', failing).catch(() => undefined);
      await tracing.interaction('batch', async () => {
        await tracing.interaction('read Patient', () => tracing.inStore(async () => 1, 'search'));
        tracing.step('create Observation', () => 1);
      });
      expect(told()).toMatch(/^total;dur=/);
      tracing.answered({ method: 'PUT', interaction: 'update', type: 'Patient', status: 503 });
    }, `00-${traceId}-${spanId}-01`);
    await tracing.inStore(async () => 1, 'outside');
    await tracing.close();

    expect(sent.map(({ path }) => path)).toEqual(['/v1/traces']);
    const spans: SentSpan[] = JSON.parse(sent[0]?.text ?? '').resourceSpans[0].scopeSpans[0].spans;
    const byName = new Map(spans.map((span) => [span.name, span]));
    expect([...byName.keys()].sort()).toEqual([
      ...['batch', 'create Observation', 'read Patient', 'store commit', 'store read', 'store search', 'update', 'update Patient'],
    ]);
    const parentOf = (name: string) => byName.get(name)?.parentSpanId;
    expect(parentOf('update Patient')).toBe(spanId);
    expect(parentOf('update')).toBe(byName.get('update Patient')?.spanId);
    expect([parentOf('store read'), parentOf('store commit')]).toEqual([byName.get('update')?.spanId, byName.get('update')?.spanId]);
    expect([parentOf('read Patient'), parentOf('create Observation')]).toEqual([byName.get('batch')?.spanId, byName.get('batch')?.spanId]);
    expect(parentOf('store search')).toBe(byName.get('read Patient')?.spanId);
    expect(new Set(spans.map((span) => span.traceId))).toEqual(new Set([traceId]));
    expect(byName.get('store commit')?.status?.code).toBe(2);
    expect(byName.get('update Patient')?.attributes).toContainEqual({ key: 'fhir.type', value: { stringValue: 'Patient' } });
    expect(sent[0]?.text).not.toContain('secret');
  });

  test('are loaded where they are asked for only', () => {
    const text = readFileSync(new URL('../composition/tracing.ts', import.meta.url), 'utf8');
    expect(text).not.toMatch(/^import .*open-telemetry/m);
    expect(text).toContain("await import('../telemetry/open-telemetry.ts')");
  });
});
