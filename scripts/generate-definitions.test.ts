import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { loadDefinitions } from '../src/definitions/load.ts';
import { generate } from './generate/outputs.ts';
import { changedSources, createSourceReader, type Sources, sourcesInstalled } from './generate/sources.ts';

const root = join(import.meta.dirname, '..');
const sources = JSON.parse(readFileSync(join(root, 'fhir/sources.json'), 'utf8')) as Sources;
const installed = sourcesInstalled(root, sources);

describe.skipIf(!installed)('regenerating the definitions (skipped without the dev dependencies)', () => {
  test('reads the pinned inputs', () => {
    expect(changedSources(root, sources)).toEqual({});
  });

  test('leaves no difference', { timeout: 60_000 }, () => {
    const outputs = generate(createSourceReader(root, sources), sources);
    expect(Object.keys(outputs).sort()).toEqual(readdirSync(join(root, 'fhir/generated')).sort());
    for (const [name, text] of Object.entries(outputs)) {
      // Not toEqual: a difference in half a megabyte of text takes minutes to print.
      expect(readFileSync(join(root, 'fhir/generated', name), 'utf8') === text, name).toBe(true);
    }
  });

  test('keeps exactly the paths that HL7 published', { timeout: 60_000 }, () => {
    const paths = tablePaths();
    const model = createSourceReader(root, sources).model<Record<string, unknown>>('path2Type.json');
    const known = new Set(Object.keys(model));
    const isInherited = (path: string) => /\.(id|extension|modifierExtension)$/.test(path) || /^(Age|Count|Distance|Duration)\./.test(path);
    const published = Object.keys(model).filter(
      (path) => path.includes('.') && !/^([a-z]|MoneyQuantity|SimpleQuantity|MetadataResource|ElementDefinition\.extension)/.test(path),
    );
    expect(published.filter((path) => !paths.has(path) && !isInherited(path))).toEqual([]);
    const references = createSourceReader(root, sources).model<Record<string, string>>('pathsDefinedElsewhere.json');
    const extra = [...paths].filter((path) => !known.has(path) && !isInherited(path) && !(path in references));
    expect(extra).toEqual([]);
  });
});

/** Member paths of all types as fhirpath.js's model has them: choices by case, primitives' own members left out. */
function tablePaths(): Set<string> {
  const definitions = loadDefinitions();
  const types = [...definitions.types.values()].filter((type) => type.kind !== 'primitive');
  return new Set(types.flatMap((type) => [...type.properties.keys()].map((name) => `${type.name}.${name}`)));
}
