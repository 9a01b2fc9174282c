import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ServedGateway, serveMemoryGateway } from '../tests/support/memory-gateway.ts';
import { describeConformance } from './conformance-suite.ts';

let gateway: ServedGateway;

beforeAll(async () => {
  gateway = await serveMemoryGateway({ trustForwarded: true });
});

afterAll(() => gateway?.close());

describeConformance(() => gateway);

test('no request failed for an unknown reason', () => {
  expect(gateway.failures).toEqual([]);
});
