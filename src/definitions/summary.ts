/**
 * Which members `_summary` and `_elements` keep. Each answers for one object; the next level down is asked with `memberType`.
 * @see https://hl7.org/fhir/R4/search.html#summary
 */
import type { Definitions, ElementDefinition } from './definitions.ts';

/**
 * JSON member names of a type (resource, data type, or backbone by its path, "Patient.contact") that `_summary=true` keeps:
 * those marked in the definitions, with their `_…` siblings and `resourceType`. Data types have marks too: `Attachment.data` goes.
 * Empty for an unknown type.
 */
export function summaryElements(definitions: Definitions, type: string): ReadonlySet<string> {
  return membersWhere(definitions, type, (element) => element.summary);
}

/** Names of members that must be there, every case of a mandatory choice among them, with their `_…` siblings and `resourceType`. */
export function mandatoryElements(definitions: Definitions, type: string): ReadonlySet<string> {
  return membersWhere(definitions, type, (element) => element.required);
}

/**
 * The type of a member's objects: `memberType(d, 'Patient', 'contact')` is "Patient.contact". Undefined if the member is unknown
 * or primitive, so that it is kept or dropped whole. "Resource": the object's own `resourceType` says which.
 */
export function memberType(definitions: Definitions, type: string, member: string): string | undefined {
  const property = definitions.types.get(type)?.properties.get(member);
  return property && property.definition.kind !== 'primitive' ? property.type : undefined;
}

function membersWhere(definitions: Definitions, type: string, marked: (element: ElementDefinition) => boolean): ReadonlySet<string> {
  const properties = [...(definitions.types.get(type)?.properties.values() ?? [])].filter(({ element }) => marked(element));
  return new Set(properties.length === 0 ? [] : ['resourceType', ...properties.flatMap(({ name }) => [name, `_${name}`])]);
}
