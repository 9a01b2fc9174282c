/** Every conformance case with identifiers encrypted in the store: no client notices. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeConformance, untilIndexed } from '../../conformance/conformance-suite.ts';
import { testEncryption } from '../support/encryption.ts';
import { type ServedGateway, serveMemoryGateway } from '../support/memory-gateway.ts';

let gateway: ServedGateway;

beforeAll(async () => {
  gateway = await serveMemoryGateway({
    erasureHeardAfterMs: () => 600_000,
    trustForwarded: true,
    fullText: 'all',
    encryption: testEncryption(),
  });
  await untilIndexed(gateway);
});

afterAll(() => gateway?.close());

describeConformance(() => gateway, ['forwarded', 'full-text']);

test('no request failed for an unknown reason', () => {
  expect(gateway.failures).toEqual([]);
});
