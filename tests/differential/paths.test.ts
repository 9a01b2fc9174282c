import fhirpath from 'fhirpath';
import r4 from 'fhirpath/fhir-context/r4/index.js';
import { describe, expect, test } from 'vitest';
import { loadDefinitions } from '../../src/definitions/load.ts';
import { elementLookup } from '../../src/search/parameters/elements.ts';
import { compilePaths, compileReader } from '../../src/search/parameters/path.ts';
import { readSynthea } from '../support/synthea.ts';

interface Resource {
  readonly resourceType: string;
}

/** Resources of each type that a parameter is tried on. */
const SAMPLES = 4;

const definitions = loadDefinitions();
const elements = elementLookup(definitions);

function samplesByType(): Map<string, Resource[]> {
  const byType = new Map<string, Resource[]>();
  for (const { text } of readSynthea()) {
    // Reference types in plain sight, as they are once a transaction is through.
    const bundle = JSON.parse(text) as { entry: { resource: Resource }[] };
    for (const { resource } of bundle.entry) {
      const samples = byType.get(resource.resourceType) ?? [];
      if (samples.length < SAMPLES) byType.set(resource.resourceType, [...samples, resource]);
    }
  }
  return byType;
}

const read = (expression: string, type: string, resource: Resource) => {
  const out: unknown[] = [];
  for (const path of compilePaths(expression, type, elements)) compileReader(path.steps)(resource, out);
  return out;
};

const sorted = (values: readonly unknown[]) => values.map((value) => JSON.stringify(value)).sort();

describe('compiled paths read what the FHIRPath engine reads', () => {
  test('on samples of every type in the Synthea Bundles', () => {
    let compared = 0;
    for (const [type, samples] of samplesByType()) {
      const own = definitions.searchParameters.filter(({ base }) => base.includes(type) || base.includes('Resource'));
      for (const { code, expression } of own) {
        // `resolve()` would fetch; what it decides is tried in path.test.ts.
        if (expression === undefined || expression.includes('resolve()')) continue;
        const applicable = expression.replaceAll('DateTime)', 'dateTime)');
        const evaluate = fhirpath.compile(applicable, r4);
        for (const resource of samples) {
          const expected = (evaluate(resource) as unknown[]).map((value) => (value instanceof Date ? value.toISOString() : value));
          // The engine removes equal values from a union; entries are unique anyway.
          expect([...new Set(sorted(read(expression, type, resource)))], `${type}.${code}`).toEqual([...new Set(sorted(expected))]);
          if (expected.length > 0) compared++;
        }
      }
    }
    expect(compared).toBeGreaterThan(300);
  }, 60_000);
});
