import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeConformance } from '../../conformance/conformance-suite.ts';
import { type ServedGateway, serveMemoryGateway } from '../support/memory-gateway.ts';

let gateway: ServedGateway;

beforeAll(async () => {
  gateway = await serveMemoryGateway({ trustForwarded: true });
});

afterAll(() => gateway?.close());

describeConformance(() => gateway, ['forwarded']);
describeConformance(() => gateway, [], 'security');

test('no request failed for an unknown reason', () => {
  expect(gateway.failures).toEqual([]);
});
