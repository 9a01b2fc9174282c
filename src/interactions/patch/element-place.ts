/** Steps of a FHIRPath result followed through the JSON tree and the element tables. */
import type { Definitions, ElementDefinition, PropertyDefinition, TypeDefinition } from '../../definitions/definitions.ts';
import { type FhirError, unprocessable } from '../../model/error.ts';
import type { JsonObject } from '../../model/lossless-json.ts';
import { type ElementItem, isPresent, readItems, writeItems } from './element-items.ts';
import type { ElementPath, ElementStep } from './find-elements.ts';

/** An object in the tree, and the type that says what it may hold. */
export interface ElementOwner {
  readonly object: JsonObject;
  readonly type: TypeDefinition;
  /** Where the object itself is; undefined for the resource. */
  readonly within?: ElementPlace;
}

/** One value of an element. */
export interface ElementPlace {
  readonly owner: ElementOwner;
  readonly property: PropertyDefinition;
  /** 0 if the element isn't a list. */
  readonly index: number;
}

/** The resource itself as an owner of elements. @throws FhirError 422 if its type is unknown */
export function resourceOwner(resource: JsonObject, definitions: Definitions, place: string): ElementOwner {
  const type = definitions.types.get(String(resource.get('resourceType')));
  if (type?.kind !== 'resource') throw unprocessable('the resource has no known type', place);
  return { object: resource, type };
}

/** The value that the last of `path`'s steps leads to. @throws FhirError 422 for the resource itself */
export function placeAt(resource: ElementOwner, path: ElementPath, definitions: Definitions, place: string): ElementPlace {
  const last = path.at(-1);
  if (!last) throw unprocessable('the resource itself is not an element that this can change', place);
  return stepInto(ownerAt(resource, path.slice(0, -1), definitions, place), last, place);
}

/** The object at `path`, as a place for elements: a primitive gets the `_…` object that its extensions live in. */
export function ownerAt(resource: ElementOwner, path: ElementPath, definitions: Definitions, place: string): ElementOwner {
  let owner = resource;
  for (const step of path) owner = ownerOf(stepInto(owner, step, place), definitions, place);
  return owner;
}

function stepInto(owner: ElementOwner, step: ElementStep, place: string): ElementPlace {
  const property = propertyNamed(owner, step.name);
  if (!property) throw noElement(owner.type, step.name, place);
  return { owner, property, index: step.index ?? 0 };
}

/** FHIRPath names a choice `value` where JSON has `valueQuantity`. */
function propertyNamed({ object, type }: ElementOwner, name: string): PropertyDefinition | undefined {
  const exact = type.properties.get(name);
  if (exact) return exact;
  const element = type.elements.find((candidate) => candidate.choice && candidate.name === name);
  return element && presentChoice(object, type, element);
}

/** The case of a choice that the object holds. */
export function presentChoice(object: JsonObject, type: TypeDefinition, element: ElementDefinition): PropertyDefinition | undefined {
  for (const property of type.properties.values()) {
    if (property.element === element && isPresent(object, property.name)) return property;
  }
  return undefined;
}

function ownerOf(within: ElementPlace, definitions: Definitions, place: string): ElementOwner {
  const items = readItems(within.owner.object, within.property.name);
  const item = items[within.index] ?? { value: null, extra: null };
  const object = item.value instanceof Map ? item.value : extraOf(within, items, item);
  const name = definitions.isResourceType(String(object.get('resourceType'))) ? String(object.get('resourceType')) : within.property.type;
  const type = definitions.types.get(name);
  if (!type) throw unprocessable(`there is no type ${name}`, place);
  return { object, type, within };
}

function extraOf(within: ElementPlace, items: ElementItem[], item: ElementItem): JsonObject {
  if (item.extra instanceof Map) return item.extra;
  const extra: JsonObject = new Map();
  item.extra = extra;
  writeItems(within.owner.object, within.property, items);
  return extra;
}

export function noElement(type: TypeDefinition, name: string, place: string): FhirError {
  return unprocessable(`${type.name} has no element ${name}`, place);
}

/** Takes the value out, and with it every object that is left empty: FHIR has no empty objects or lists. */
export function removeItem({ owner, property, index }: ElementPlace): void {
  const items = readItems(owner.object, property.name);
  items.splice(index, 1);
  writeItems(owner.object, property, items);
  if (owner.object.size > 0 || !owner.within) return;
  removeEmptied(owner.within);
}

/** An emptied object is the item's value, or the extra of a primitive that may still have its value. */
function removeEmptied(within: ElementPlace): void {
  const items = readItems(within.owner.object, within.property.name);
  const item = items[within.index];
  if (!item || item.value === null || item.value instanceof Map) {
    removeItem(within);
    return;
  }
  item.extra = null;
  writeItems(within.owner.object, within.property, items);
}
