/**
 * `npm run seed -- --patients N --seed S [--out DIR | --url BASE --token T]`: realistic linked records, the same for the same
 * seed. See `--help`.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { createItem, type LoadItem } from './load/item.ts';
import { createProgress } from './load/progress.ts';
import { runLoad } from './load/run.ts';
import { createSender } from './load/send.ts';
import { createTally } from './load/tally.ts';
import { createTokenSource } from './load/token-source.ts';
import { runCommand } from './run-command.ts';
import { createRecordGenerator, type RecordGenerator } from './seed/generator.ts';

const HELP = `npm run seed -- --patients N --seed S [--first INDEX] [--out DIR | --url BASE [--token T | --data-dir DIR] [--concurrency N]]

Makes transaction Bundles: one with the hospitals, clinics, doctors, medications and insurers, then one for each patient.
--out writes them as files for "npm run load" (default: ./seed-<S>); --url sends them. The same seed gives the same bytes.`;

const FILES_PER_FOLDER = 1000;

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      patients: { type: 'string', default: '100' },
      seed: { type: 'string', default: '1' },
      first: { type: 'string', default: '0' },
      out: { type: 'string' },
      url: { type: 'string' },
      token: { type: 'string', default: process.env.TOKEN },
      'data-dir': { type: 'string', default: process.env.DATA_DIR ?? './data' },
      concurrency: { type: 'string', default: '4' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    console.log(HELP);
    return 0;
  }
  const seed = wholeNumber('seed', values.seed);
  const range = { first: wholeNumber('first', values.first), patients: wholeNumber('patients', values.patients) };
  const generator = createRecordGenerator(seed);
  if (values.url === undefined) return writeFiles(generator, range, values.out ?? `./seed-${seed}`);
  const url = values.url.replace(/\/+$/, '');
  const token = await createTokenSource({ token: values.token, dataDir: values['data-dir'], url });
  return sendAll(generator, range, { url, token, concurrency: Math.max(1, wholeNumber('concurrency', values.concurrency)) });
}

interface Range {
  readonly first: number;
  readonly patients: number;
}

async function writeFiles(generator: RecordGenerator, { first, patients }: Range, out: string): Promise<number> {
  await mkdir(out, { recursive: true });
  await writeFile(join(out, 'hospitals-and-practitioners.json'), JSON.stringify(generator.sharedBundle()));
  const progress = createProgress(patients, process.stderr);
  let resources = 0;
  for (let n = 0; n < patients; n++) {
    const index = first + n;
    const folder = join(out, String(Math.floor(index / FILES_PER_FOLDER)).padStart(4, '0'));
    if (n === 0 || index % FILES_PER_FOLDER === 0) await mkdir(folder, { recursive: true });
    const bundle = generator.patientBundle(index);
    await writeFile(join(folder, `patient-${String(index).padStart(7, '0')}.json`), JSON.stringify(bundle));
    resources += bundle.entry?.length ?? 0;
    progress.update(n + 1, resources);
  }
  progress.end();
  console.log(`${patients} patients with ${resources} resources in ${out}; load them with: npm run load -- ${out}`);
  return 0;
}

async function sendAll(
  generator: RecordGenerator,
  range: Range,
  target: { url: string; token: () => Promise<string>; concurrency: number },
): Promise<number> {
  const tally = createTally();
  const progress = createProgress(range.patients, process.stderr);
  const start = performance.now();
  try {
    await runLoad({
      stages: [sharedItem(generator), patientItems(generator, range)],
      concurrency: target.concurrency,
      send: createSender(target),
      tally,
      progress,
    });
  } finally {
    progress.end();
    for (const line of tally.report((performance.now() - start) / 1000)) console.log(line);
  }
  return tally.refused() > 0 ? 1 : 0;
}

async function* sharedItem(generator: RecordGenerator): AsyncIterable<LoadItem> {
  const bundle = generator.sharedBundle();
  yield createItem('hospitals-and-practitioners', Buffer.from(JSON.stringify(bundle)), bundle.entry?.length ?? 0, 0);
}

async function* patientItems(generator: RecordGenerator, { first, patients }: Range): AsyncIterable<LoadItem> {
  for (let index = first; index < first + patients; index++) {
    const bundle = generator.patientBundle(index);
    yield createItem(`patient-${index}`, Buffer.from(JSON.stringify(bundle)), bundle.entry?.length ?? 0, 1);
  }
}

function wholeNumber(name: string, text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 0) throw new Error(`--${name} must be a whole number, not "${text}"`);
  return value;
}

await runCommand(main, 2);
