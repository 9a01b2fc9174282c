/** Values of a FHIRPath Patch turned into JSON for the element that takes them. */
import type { Definitions, ElementDefinition, PropertyDefinition, TypeDefinition } from '../../definitions/definitions.ts';
import { unprocessable } from '../../model/error.ts';
import type { JsonObject, JsonTree } from '../../model/lossless-json.ts';
import { type ElementItem, readItems, writeItems } from './element-items.ts';
import { noElement, presentChoice } from './element-place.ts';
import type { PatchValue } from './patch-operation.ts';

/**
 * Adds a value to the element `name` of an object: at the end of a list, else where nothing is yet.
 * @throws FhirError 422 if the type has no such element, it is there already, or takes no such value
 */
export function addElement(
  object: JsonObject,
  type: TypeDefinition,
  name: string,
  value: PatchValue,
  definitions: Definitions,
  place: string,
): void {
  const element = type.elements.find((candidate) => candidate.name === name) ?? type.properties.get(name)?.element;
  if (!element) throw noElement(type, name, place);
  const { property, item } = elementValue(type, element, value, definitions, place);
  if (!element.list && presentChoice(object, type, element)) throw unprocessable(`${name} is there already; replace it`, place);
  writeItems(object, property, [...readItems(object, property.name), item]);
}

/** The JSON member and content for a value; the member depends on the value's type in a choice. */
export function elementValue(
  type: TypeDefinition,
  element: ElementDefinition,
  value: PatchValue,
  definitions: Definitions,
  place: string,
): { property: PropertyDefinition; item: ElementItem } {
  const property = propertyFor(type, element, value);
  const expected = property && definitions.types.get(property.type);
  if (!property || !expected) throw unprocessable(`${element.name} takes no such value`, place);
  const item = itemOf(expected, value, definitions, place);
  const isObject = item.value instanceof Map;
  const fits = value.kind === 'resource' ? property.type === 'Resource' : isObject !== (expected.kind === 'primitive');
  if (!fits || Array.isArray(item.value)) throw unprocessable(`${element.name} takes a value of type ${property.type}`, place);
  return { property, item };
}

function propertyFor(type: TypeDefinition, element: ElementDefinition, value: PatchValue): PropertyDefinition | undefined {
  if (!element.choice) return type.properties.get(element.name);
  return value.kind === 'typed' ? type.properties.get(element.name + value.suffix) : undefined;
}

function itemOf(expected: TypeDefinition, value: PatchValue, definitions: Definitions, place: string): ElementItem {
  if (value.kind !== 'parts') return { value: ownCopy(value.value), extra: value.kind === 'typed' ? ownCopy(value.extra) : null };
  const object: JsonObject = new Map();
  for (const part of value.parts) addElement(object, expected, part.name, part.value, definitions, place);
  return { value: object, extra: null };
}

/** Later operations change the tree in place, so it must share nothing with the patch, which may be applied again. */
function ownCopy(tree: JsonTree): JsonTree {
  if (Array.isArray(tree)) return tree.map(ownCopy);
  if (tree instanceof Map) return new Map(Array.from(tree, ([name, value]) => [name, ownCopy(value)]));
  return tree;
}
