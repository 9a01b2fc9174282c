import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeConformance, untilIndexed } from '../../conformance/conformance-suite.ts';
import { type ServedGateway, serveMemoryGateway } from '../support/memory-gateway.ts';

let gateway: ServedGateway;

beforeAll(async () => {
  gateway = await serveMemoryGateway({ erasureHeardAfterMs: () => 600_000, trustForwarded: true, fullText: 'all' });
  await untilIndexed(gateway);
});

afterAll(() => gateway?.close());

describeConformance(() => gateway, ['forwarded', 'full-text']);
describeConformance(() => gateway, [], 'security');

test('no request failed for an unknown reason', () => {
  expect(gateway.failures).toEqual([]);
});
