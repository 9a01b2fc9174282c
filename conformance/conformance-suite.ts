/** All conformance cases as tests against one server. */
import { describe, expect, test } from 'vitest';
import { loadCases } from './runner/load-cases.ts';
import { runCase } from './runner/run-case.ts';
import type { Target } from './runner/send.ts';

/**
 * Declares a test for each case. `target` is asked for when a test runs, so a `beforeAll` may start the server; `features` are
 * those that a server may lack (`Case.needs`).
 */
export function describeConformance(target: () => Target, features: readonly string[] = []): void {
  for (const { file, spec, cases } of loadCases()) {
    const applicable = cases.filter(({ needs }) => needs === undefined || features.includes(needs));
    describe(`${file.replace('.json', '')} (${spec})`, () => {
      test.each(applicable.map((each) => [each.name, each] as const))('%s', async (_name, each) => {
        expect(await runCase(each, target())).toEqual([]);
      });
    });
  }
}
