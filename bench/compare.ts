/**
 * `node bench/compare.ts --rival FILE… --own FILE… [--save]`: results of `npm run bench` for another server beside ours, taken
 * on the same machine. `--save` puts the tables into docs/performance.md.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { comparison, type Result } from './comparison.ts';
import { nameOf } from './options.ts';
import { writeBetweenMarkers } from './table.ts';

const { values } = parseArgs({
  options: {
    rival: { type: 'string', multiple: true, default: [] },
    own: { type: 'string', multiple: true, default: [] },
    save: { type: 'boolean', default: false },
  },
});

async function read(path: string): Promise<Result> {
  const { options, summary, at } = JSON.parse(await readFile(path, 'utf8'));
  return { name: options.name ?? nameOf(options.shards), at, lines: summary };
}

const text = comparison(await Promise.all(values.rival.map(read)), await Promise.all(values.own.map(read)));
console.log(text);
if (values.save) await writeBetweenMarkers(join(import.meta.dirname, '../docs/performance.md'), 'same-machine', text);
