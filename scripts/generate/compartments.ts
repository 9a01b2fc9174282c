/** R4's five compartments. */
import type { CompartmentDefinition } from '@medplum/fhirtypes';
import type { Compartment } from '../../src/definitions/definitions.ts';
import type { SourceReader } from './sources.ts';

/**
 * By the type that owns them: `{Patient: {Observation: ["subject", "performer"], …}, …}`, types without parameter left out.
 * The package's `compartmentdefinition-patient.json` is not used: its makers added Task and changed Encounter.
 */
export function compartments(reader: SourceReader): Record<string, Compartment> {
  const found = reader.resources('profiles-resources.json').filter(isCompartment);
  return Object.fromEntries(found.map((definition) => [definition.code, membersOf(definition)]));
}

function isCompartment(resource: object): resource is CompartmentDefinition {
  return (resource as CompartmentDefinition).resourceType === 'CompartmentDefinition';
}

function membersOf(definition: CompartmentDefinition): Compartment {
  const members = (definition.resource ?? []).filter((member) => member.param?.length);
  return Object.fromEntries(members.map((member) => [member.code, member.param ?? []]));
}
