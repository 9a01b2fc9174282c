import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeConformance, untilIndexed } from '../../conformance/conformance-suite.ts';
import type { Target } from '../../conformance/runner/send.ts';
import { loadDefinitions } from '../../src/definitions/load.ts';
import { createValidator } from '../../src/validation/validate.ts';
import { type ServedGateway, serveMemoryGateway } from '../support/memory-gateway.ts';

let gateway: ServedGateway;

beforeAll(async () => {
  gateway = await serveMemoryGateway({ erasureHeardAfterMs: () => 600_000, trustForwarded: true, fullText: 'all' });
  await untilIndexed(gateway);
});

afterAll(() => gateway?.close());

/** No answer at all may break R4's own rules. */
const validator = createValidator(loadDefinitions());
const judged = (): Target => ({
  ...gateway,
  faultsOf: (resource) =>
    validator
      .validate(resource)
      .filter(({ severity }) => severity !== 'information' && severity !== 'warning')
      .map(({ diagnostics, expression = [] }) => `the answer is not valid: ${expression.join()} ${diagnostics}`),
});

describeConformance(judged, ['forwarded', 'full-text']);
describeConformance(judged, [], 'security');

test('no request failed for an unknown reason', () => {
  expect(gateway.failures).toEqual([]);
});
