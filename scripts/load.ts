/**
 * `npm run load -- DIR|FILE`: puts Bundles (JSON) and resources (NDJSON) into a gateway. See `--help`.
 *
 * Exit code: 0 if everything is in, 1 if something was refused, 2 if the load could not be done.
 */
import { parseArgs } from 'node:util';
import { findStages, type InputFile } from './load/files.ts';
import type { LoadItem, Unloadable } from './load/item.ts';
import { createProgress } from './load/progress.ts';
import { readItems } from './load/read-file.ts';
import { runLoad } from './load/run.ts';
import { createSender } from './load/send.ts';
import { type LoadState, openState, statePath } from './load/state.ts';
import { createTally } from './load/tally.ts';
import { createTokenSource } from './load/token-source.ts';
import { runCommand } from './run-command.ts';

const HELP = `npm run load -- DIR|FILE [--url http://127.0.0.1:8080/fhir/R4] [--token T | --data-dir DIR] [--concurrency N] [--again]

Loads transaction and batch Bundles (.json) and resources (.ndjson), also compressed (.gz); Bundles named hospital* and
practitioner* go first. What was loaded is remembered in DATA-DIR/load and left out next time; --again loads it once more.`;

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      url: { type: 'string', default: process.env.BASE_URL ?? 'http://127.0.0.1:8080/fhir/R4' },
      token: { type: 'string', default: process.env.TOKEN },
      'data-dir': { type: 'string', default: process.env.DATA_DIR ?? './data' },
      concurrency: { type: 'string', default: '4' },
      again: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  const [path] = positionals;
  if (values.help || path === undefined) {
    console.log(HELP);
    return values.help ? 0 : 2;
  }
  const url = values.url.replace(/\/+$/, '');
  const dataDir = values['data-dir'];
  const concurrency = Number(values.concurrency);
  if (!Number.isInteger(concurrency) || concurrency < 1 || concurrency > 64) throw new Error('--concurrency must be from 1 to 64');

  const stages = await findStages(path);
  const token = await createTokenSource({ token: values.token, dataDir, url });
  const state = await openState(statePath(dataDir, url));
  if (values.again || !(await isSameServer(state, url, token))) await state.clear();
  const tally = createTally();
  const bytes = stages.flat().reduce((sum, file) => sum + file.bytes, 0);
  const progress = createProgress(bytes, process.stderr);
  const send = createSender({ url, token, ...(values.again && { keySuffix: `-${Date.now()}` }) });
  const start = performance.now();
  try {
    await runLoad({ stages: stages.map(readAll), concurrency, send, tally, progress, state });
  } finally {
    progress.end();
    for (const line of tally.report((performance.now() - start) / 1000)) console.log(line);
  }
  return tally.refused() > 0 ? 1 : 0;
}

async function* readAll(files: readonly InputFile[]): AsyncIterable<LoadItem | Unloadable> {
  for (const file of files) yield* readItems(file);
}

/** An emptied or temporary server under a known address must not be taken for the one that was loaded before. */
async function isSameServer(state: LoadState, url: string, token: () => Promise<string>): Promise<boolean> {
  const witness = state.witness();
  if (witness === undefined) return state.size() === 0;
  const target = witness.startsWith('http') ? witness : `${url}/${witness}`;
  const response = await fetch(target, { headers: { Authorization: `Bearer ${await token()}` } }).catch(() => undefined);
  await response?.body?.cancel();
  return response?.status !== 404;
}

await runCommand(main, 2);
