/** Every generated file, from the sources alone. */
import { compartments } from './compartments.ts';
import { jsonLines } from './json-lines.ts';
import { searchParameters } from './search-parameters.ts';
import type { SourceReader, Sources } from './sources.ts';
import { concreteResourceTypes, coreStructureDefinitions } from './structure-definitions.ts';

/** File name in `fhir/generated` → text. The same sources always give the same text. */
export function generate(reader: SourceReader, sources: Sources): Record<string, string> {
  const structures = coreStructureDefinitions(reader, sources.fhirVersion);
  return {
    'compartments.json': jsonLines(compartments(reader)),
    'resource-types.json': jsonLines(concreteResourceTypes(structures)),
    'search-parameters.json': jsonLines(searchParameters(reader, sources.fhirVersion)),
  };
}
