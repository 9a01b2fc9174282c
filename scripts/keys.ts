/**
 * Keys of field encryption:
 *
 *     npm run -s keys new 2026-11        a key for FIELD_ENCRYPTION_KEYS
 *     npm run -s keys rotate             brings all that is stored under the first key of the gateways that run
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { newFieldKey, parseFieldKeys } from '../src/encryption/field-keys.ts';
import { createTokenSource } from './load/token-source.ts';
import { runCommand } from './run-command.ts';

const USAGE = `Usage: npm run -s keys new NAME
       npm run -s keys rotate -- [--url http://127.0.0.1:8080/fhir/R4] [--token T | --data-dir DIR]
rotate asks a running gateway to go through every version in both stores, and waits until that is done. A token needs
system/$reindex.cruds. Ended half-way, it goes on by itself; asked again, it passes over what is done.`;

const LOOK_EVERY_MS = 1_000;

async function main(args: readonly string[]): Promise<void> {
  const [action, name = '', ...more] = args;
  if (action === 'new' && name !== '' && more.length === 0) {
    const key = newFieldKey(name);
    parseFieldKeys(key);
    process.stdout.write(`${key}\n`);
  } else if (action === 'rotate') await rotate(args.slice(1));
  else throw new Error(USAGE);
}

async function rotate(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      url: { type: 'string', default: process.env.BASE_URL ?? 'http://127.0.0.1:8080/fhir/R4' },
      token: { type: 'string', default: process.env.TOKEN },
      'data-dir': { type: 'string', default: process.env.DATA_DIR ?? './data' },
    },
  });
  const url = values.url.replace(/\/+$/, '');
  const token = await createTokenSource({ token: values.token, dataDir: values['data-dir'], url, scope: 'system/$reindex.cruds' });
  const ask = async (method: string, address: string) => fetch(address, { method, headers: { Authorization: `Bearer ${await token()}` } });
  const asked = await ask('POST', `${url}/$reindex?texts=true`);
  if (asked.status !== 202) throw new Error(`${asked.status}: ${await diagnosticsOf(asked)}`);
  const done = await untilDone(() => ask('GET', asked.headers.get('content-location') ?? ''));
  process.stderr.write(
    '\r· done: once all gateways have been started with the new key alone, the old one opens nothing but old audit queries.\n',
  );
  const left = archivesLeft(done);
  if (left.length > 0)
    process.stderr.write(`· archived years stay under the keys that they have, since their files were not found: ${left.join(', ')}\n`);
}

/** What the run did. */
async function untilDone(look: () => Promise<Response>): Promise<Parameters> {
  for (;;) {
    const answer = await look();
    if (answer.status === 200) return (await answer.json()) as Parameters;
    if (answer.status !== 202) throw new Error(`${answer.status}: ${await diagnosticsOf(answer)}`);
    process.stderr.write(`\r· ${answer.headers.get('x-progress') ?? ''} `);
    await sleep(LOOK_EVERY_MS);
  }
}

interface Parameters {
  readonly parameter?: readonly {
    readonly name: string;
    readonly part?: readonly { readonly name: string; readonly valueString?: string }[];
  }[];
}

/** Archived years that the run could not bring under the new key. */
function archivesLeft({ parameter = [] }: Parameters): string[] {
  const left = parameter.filter(({ name, part }) => name === 'archive' && part?.some((each) => each.name === 'problem'));
  return left.flatMap(({ part = [] }) => part.flatMap(({ name, valueString }) => (name === 'name' && valueString ? [valueString] : [])));
}

async function diagnosticsOf(answer: Response): Promise<string> {
  const text = await answer.text();
  try {
    return (JSON.parse(text) as { issue: { diagnostics: string }[] }).issue.map(({ diagnostics }) => diagnostics).join('; ');
  } catch {
    return text;
  }
}

await runCommand(() => main(process.argv.slice(2)));
