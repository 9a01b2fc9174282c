/** Reads `fhir/generated`, which `scripts/generate-definitions.ts` distils from the published definitions. */
import { readFileSync } from 'node:fs';
import type { CodeSet, Compartment, Definitions, SearchParameterDefinition } from './definitions.ts';
import type { GeneratedType } from './generated.ts';
import { buildTypes } from './types.ts';

const GENERATED = new URL('../../fhir/generated/', import.meta.url);

function read<T>(name: string): T {
  return JSON.parse(readFileSync(new URL(name, GENERATED), 'utf8')) as T;
}

/** R4's definitions. Synchronous, about 40 ms: call it once at start and pass the value on. */
export function loadDefinitions(): Definitions {
  const resourceTypes = read<readonly string[]>('resource-types.json');
  const known = new Set(resourceTypes);
  return {
    resourceTypes,
    isResourceType: (type) => known.has(type),
    types: buildTypes(read<Record<string, GeneratedType>>('elements.json')),
    codeSets: new Map(Object.entries(read<Record<string, CodeSet>>('code-sets.json'))),
    searchParameters: read<readonly SearchParameterDefinition[]>('search-parameters.json'),
    compartments: read<Record<string, Compartment>>('compartments.json'),
  };
}
