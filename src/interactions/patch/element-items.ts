/**
 * The values of one element of a FHIR object, whatever JSON makes of them: one member or an array, with the `_…` member
 * beside it that holds ids and extensions of primitives.
 *
 * @see https://hl7.org/fhir/R4/json.html#primitive
 */
import type { PropertyDefinition } from '../../definitions/definitions.ts';
import type { JsonObject, JsonTree } from '../../model/lossless-json.ts';

export interface ElementItem {
  /** null: a primitive that has an extension only. */
  value: JsonTree;
  /** The member of `_…`, null if there is none. */
  extra: JsonTree;
}

/** True if the element has a value, ids or extensions. */
export function isPresent(parent: JsonObject, name: string): boolean {
  return parent.has(name) || parent.has(`_${name}`);
}

/** The element's values in order; none if it is not there. */
export function readItems(parent: JsonObject, name: string): ElementItem[] {
  const values = listed(parent.get(name));
  const extras = listed(parent.get(`_${name}`));
  return Array.from({ length: Math.max(values.length, extras.length) }, (_, i) => ({ value: values[i] ?? null, extra: extras[i] ?? null }));
}

/** Writes the items where the element stood, at the object's end if it is new; without items the element goes. */
export function writeItems(parent: JsonObject, property: PropertyDefinition, items: readonly ElementItem[]): void {
  writeMember(
    parent,
    property,
    property.name,
    items.map((item) => item.value),
  );
  writeMember(
    parent,
    property,
    `_${property.name}`,
    items.map((item) => item.extra),
  );
}

function writeMember(parent: JsonObject, property: PropertyDefinition, name: string, values: readonly JsonTree[]): void {
  if (values.every((value) => value === null)) parent.delete(name);
  else parent.set(name, property.element.list ? [...values] : (values[0] ?? null));
}

/** Gives a member another name without moving it, for a choice that changes its type. */
export function renameMember(parent: JsonObject, from: string, to: string): void {
  const members = Array.from(parent, ([name, value]) => [name === from ? to : name === `_${from}` ? `_${to}` : name, value] as const);
  parent.clear();
  for (const [name, value] of members) parent.set(name, value);
}

function listed(value: JsonTree | undefined): readonly JsonTree[] {
  return value === undefined ? [] : Array.isArray(value) ? value : [value];
}
