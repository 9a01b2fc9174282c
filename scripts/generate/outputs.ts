/** Every generated file, from the sources alone. */
import { codeSets } from './code-sets.ts';
import { compartments } from './compartments.ts';
import { elementTables } from './elements.ts';
import { jsonLines } from './json-lines.ts';
import { publishedElements } from './published-elements.ts';
import { searchParameters } from './search-parameters.ts';
import type { SourceReader, Sources } from './sources.ts';
import { concreteResourceTypes, coreStructureDefinitions } from './structure-definitions.ts';
import { terminology } from './terminology.ts';

/** File name in `fhir/generated` → text. The same sources always give the same text. */
export function generate(reader: SourceReader, sources: Sources): Record<string, string> {
  const structures = coreStructureDefinitions(reader, sources.fhirVersion);
  const sets = codeSets(reader);
  const elements = elementTables(structures, publishedElements(reader), sets.nameOf);
  return {
    'code-sets.json': jsonLines(sets.named()),
    'compartments.json': jsonLines(compartments(reader)),
    'elements.json': jsonLines(elements),
    'resource-types.json': jsonLines(concreteResourceTypes(structures)),
    'search-parameters.json': jsonLines(searchParameters(reader, sources.fhirVersion)),
    'terminology.json': jsonLines(terminology(reader)),
  };
}
