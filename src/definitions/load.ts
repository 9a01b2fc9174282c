/** Reads `fhir/generated`, which `scripts/generate-definitions.ts` distils from the published definitions. */
import { readFileSync } from 'node:fs';
import type { Compartment, Definitions, SearchParameterDefinition } from './definitions.ts';

const GENERATED = new URL('../../fhir/generated/', import.meta.url);

function read<T>(name: string): T {
  return JSON.parse(readFileSync(new URL(name, GENERATED), 'utf8')) as T;
}

/** R4's definitions. Synchronous, about 20 ms: call it once at start and pass the value on. */
export function loadDefinitions(): Definitions {
  const resourceTypes = read<readonly string[]>('resource-types.json');
  const known = new Set(resourceTypes);
  return {
    resourceTypes,
    isResourceType: (type) => known.has(type),
    searchParameters: read<readonly SearchParameterDefinition[]>('search-parameters.json'),
    compartments: read<Record<string, Compartment>>('compartments.json'),
  };
}
