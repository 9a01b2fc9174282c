/** All conformance cases as tests against one server. */
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, describe, expect, test } from 'vitest';
import { type CaseFolder, loadCases } from './runner/load-cases.ts';
import { prepareFile, runCase } from './runner/run-case.ts';
import type { Target } from './runner/send.ts';

/**
 * Declares a test for each case. `target` is asked for when a test runs, so a `beforeAll` may start the server; `features` are
 * those that a server may lack (`Case.needs`). `only` names files without their ending; default all.
 */
export function describeConformance(
  target: () => Target,
  features: readonly string[] = [],
  folder: CaseFolder = 'cases',
  only?: readonly string[],
): void {
  for (const each of loadCases(folder)) {
    const { file, spec, cases } = each;
    if (only && !only.includes(file.replace('.json', ''))) continue;
    const applicable = cases.filter(({ needs }) => needs === undefined || features.includes(needs));
    if (applicable.length === 0) continue;
    describe(`${file.replace('.json', '')} (${spec})`, () => {
      let shared: Awaited<ReturnType<typeof prepareFile>>;
      beforeAll(async () => {
        shared = await prepareFile(each, target());
      });
      test.each(applicable.map((one) => [one.name, one] as const))('%s', async (_name, one) => {
        expect(await runCase(one, target(), shared)).toEqual([]);
      });
    });
  }
}

/** Waits until a server that indexes words has been through what it holds. */
export async function untilIndexed({ baseUrl, token }: Target): Promise<void> {
  for (let look = 0; look < 300; look++) {
    const headers = { Authorization: `Bearer ${await token('system/*.rs', 'conformance')}` };
    const answers = await Promise.all(['_text', '_content'].map((name) => fetch(`${baseUrl}/Patient?${name}=ready`, { headers })));
    await Promise.all(answers.map((answer) => answer.text()));
    if (answers.every(({ status }) => status === 200)) return;
    await sleep(100);
  }
  throw new Error('words were never indexed');
}
