/** All conformance cases as tests against one server. */
import { describe, expect, test } from 'vitest';
import { loadCases } from './runner/load-cases.ts';
import { runCase } from './runner/run-case.ts';
import type { Target } from './runner/send.ts';

/** Declares a test for each case. `target` is asked for when a test runs, so a `beforeAll` may start the server. */
export function describeConformance(target: () => Target): void {
  for (const { file, spec, cases } of loadCases()) {
    describe(`${file.replace('.json', '')} (${spec})`, () => {
      test.each(cases.map((each) => [each.name, each] as const))('%s', async (_name, each) => {
        expect(await runCase(each, target())).toEqual([]);
      });
    });
  }
}
