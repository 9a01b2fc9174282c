/**
 * Distils the published definitions (93 MiB of JSON in a dev dependency) into `fhir/generated`, which is committed.
 * Run after the dependency changed; `--pin` also writes the new hashes to `fhir/sources.json`.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { generate } from './generate/outputs.ts';
import { changedSources, createSourceReader, type Sources } from './generate/sources.ts';

const root = join(import.meta.dirname, '..');
const sourcesFile = join(root, 'fhir/sources.json');

function pinnedSources(pin: boolean): Sources {
  const sources = JSON.parse(readFileSync(sourcesFile, 'utf8')) as Sources;
  const changed = changedSources(root, sources);
  if (Object.keys(changed).length === 0) return sources;
  if (!pin) throw new Error(`Not the pinned definitions: ${Object.keys(changed).join(', ')}. If that is meant, run again with --pin.`);
  const pinned = { ...sources, files: { ...sources.files, ...changed } };
  writeFileSync(sourcesFile, `${JSON.stringify(pinned, null, 2)}\n`);
  return pinned;
}

const sources = pinnedSources(process.argv.includes('--pin'));
for (const [name, text] of Object.entries(generate(createSourceReader(root, sources), sources))) {
  writeFileSync(join(root, 'fhir/generated', name), text);
  console.log(`${name}: ${Math.ceil(text.length / 1024)} KiB`);
}
