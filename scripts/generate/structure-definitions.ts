/** The StructureDefinitions of R4 itself, without those that the package's makers added. */
import type { StructureDefinition } from '@medplum/fhirtypes';
import type { SourceReader } from './sources.ts';

const CORE = 'http://hl7.org/fhir/StructureDefinition/';

function isCore(resource: object, fhirVersion: string): resource is StructureDefinition {
  const definition = resource as StructureDefinition;
  return (
    definition.resourceType === 'StructureDefinition' &&
    definition.fhirVersion === fhirVersion &&
    definition.kind !== 'logical' &&
    definition.derivation !== 'constraint' &&
    definition.url === CORE + definition.name
  );
}

/** All of R4's types: abstract, primitive, complex and resources. */
export function coreStructureDefinitions(reader: SourceReader, fhirVersion: string): readonly StructureDefinition[] {
  const all = [...reader.resources('profiles-types.json'), ...reader.resources('profiles-resources.json')];
  return all.filter((resource) => isCore(resource, fhirVersion));
}

/** Names of the resource types that can be stored, in order of their names. */
export function concreteResourceTypes(definitions: readonly StructureDefinition[]): string[] {
  const concrete = definitions.filter((definition) => definition.kind === 'resource' && !definition.abstract);
  return concrete.map((definition) => definition.name).sort();
}
