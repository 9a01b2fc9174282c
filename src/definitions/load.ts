/** Reads `fhir/definitions` and `fhir/generated`, which `scripts/generate-definitions.ts` distils from the published definitions. */
import { readFileSync } from 'node:fs';
import type { CodeSet, Compartment, Definitions, SearchParameterDefinition } from './definitions.ts';
import type { GeneratedType } from './generated.ts';
import { buildTypes } from './types.ts';

const GENERATED = new URL('../../fhir/generated/', import.meta.url);
/** Search parameters of ours, for what R4 has none: `Claim.total`, `Encounter.serviceType`. */
const OURS = new URL('../../fhir/definitions/search-parameters.json', import.meta.url);

function read<T>(name: string | URL): T {
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
    searchParameters: ['search-parameters.json', OURS].flatMap((name) => read<readonly SearchParameterDefinition[]>(name)),
    compartments: read<Record<string, Compartment>>('compartments.json'),
  };
}

/** R4's own CodeSystems and ValueSets, the members that an expansion reads. About 20 ms: call it when first needed and keep the value. */
export const loadTerminology = (): readonly object[] => read<readonly object[]>('terminology.json');
