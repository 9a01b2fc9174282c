/**
 * FHIRPath Patch on the lossless tree.
 *
 * Choices made where R4 leaves them: deleting what isn't there is no error; a replaced primitive loses its old id and
 * extensions, as any replaced element does; what a deletion leaves empty goes too; insert at 0 may start a list; the path of
 * insert and move must select the whole list, since a position in a part of a list has no meaning.
 *
 * @see https://hl7.org/fhir/R4/fhirpatch.html
 */
import type { Definitions } from '../../definitions/definitions.ts';
import { unprocessable } from '../../model/error.ts';
import { parseLossless, printLossless } from '../../model/lossless-json.ts';
import { unreachable } from '../../model/unreachable.ts';
import { readItems, renameMember, writeItems } from './element-items.ts';
import { type ElementOwner, type ElementPlace, ownerAt, placeAt, removeItem, resourceOwner } from './element-place.ts';
import { addElement, elementValue } from './element-value.ts';
import { type ElementPath, findElements } from './find-elements.ts';
import { type PatchOperation, readOperations } from './patch-operation.ts';

type OperationOf<Type> = Extract<PatchOperation, { type: Type }>;

/**
 * The resource's JSON text after the patch; what it doesn't touch stays as it is. All operations apply, in order, or none.
 * `parametersText` is the JSON text of the Parameters resource. The caller validates the result, and checks that `id` stays.
 * @throws FhirError 400 if the patch isn't well formed; 422 if a path doesn't select exactly one element (or one list), or the value doesn't fit
 */
export function applyFhirPathPatch(text: string, parametersText: string, definitions: Definitions): string {
  const operations = readOperations(parseLossless(parametersText));
  if (operations.length === 0) return text;
  const tree = parseLossless(text);
  if (!(tree instanceof Map)) throw unprocessable('what is patched is no resource');
  const patch = new FhirPathPatch(resourceOwner(tree, definitions, 'Parameters'), definitions);
  for (const operation of operations) patch.apply(operation);
  return printLossless(tree);
}

class FhirPathPatch {
  readonly #resource: ElementOwner;
  readonly #definitions: Definitions;

  constructor(resource: ElementOwner, definitions: Definitions) {
    this.#resource = resource;
    this.#definitions = definitions;
  }

  apply(operation: PatchOperation): void {
    switch (operation.type) {
      case 'add':
        this.#add(operation);
        break;
      case 'insert':
        this.#insert(operation);
        break;
      case 'delete':
        this.#delete(operation);
        break;
      case 'replace':
        this.#replace(operation);
        break;
      case 'move':
        this.#move(operation);
        break;
      default:
        unreachable(operation);
    }
  }

  #add({ path, name, value, place }: OperationOf<'add'>): void {
    const owner = ownerAt(this.#resource, this.#one(path, place), this.#definitions, place);
    addElement(owner.object, owner.type, name, value, this.#definitions, place);
  }

  #insert({ path, index, value, place }: OperationOf<'insert'>): void {
    const found = this.#find(path, place);
    if (found.length === 0 && index === 0) {
      this.#startList(path, value, place);
      return;
    }
    const { owner, property } = this.#list(found, path, place);
    const items = readItems(owner.object, property.name);
    if (index > items.length) throw unprocessable(`index ${index} is beyond the end of the list of ${items.length}`, place);
    items.splice(index, 0, elementValue(owner.type, property.element, value, this.#definitions, place).item);
    writeItems(owner.object, property, items);
  }

  /** An empty list is not there to be selected, but its owner is: `Patient.contact[0]` of `Patient.contact[0].telecom`. */
  #startList(path: string, value: OperationOf<'insert'>['value'], place: string): void {
    const [, ownerPath, name] = /^(.+)\.([a-z]\w*)$/s.exec(path) ?? [];
    if (!ownerPath || !name) throw unprocessable(`${path} selects nothing`, place);
    const owner = ownerAt(this.#resource, this.#one(ownerPath, place), this.#definitions, place);
    if (owner.type.properties.get(name)?.element.list === false) throw unprocessable(`${path} is not a list`, place);
    addElement(owner.object, owner.type, name, value, this.#definitions, place);
  }

  #delete({ path, place }: OperationOf<'delete'>): void {
    const found = this.#find(path, place);
    if (found.length > 1) throw unprocessable(`${path} selects ${found.length} elements, not one`, place);
    if (found[0]) removeItem(placeAt(this.#resource, found[0], this.#definitions, place));
  }

  #replace({ path, value, place }: OperationOf<'replace'>): void {
    const { owner, property, index } = placeAt(this.#resource, this.#one(path, place), this.#definitions, place);
    const items = readItems(owner.object, property.name);
    const replacement = elementValue(owner.type, property.element, value, this.#definitions, place);
    items[index] = replacement.item;
    if (replacement.property.name !== property.name) renameMember(owner.object, property.name, replacement.property.name);
    writeItems(owner.object, replacement.property, items);
  }

  #move({ path, source, destination, place }: OperationOf<'move'>): void {
    const { owner, property } = this.#list(this.#find(path, place), path, place);
    const items = readItems(owner.object, property.name);
    if (Math.max(source, destination) >= items.length) {
      throw unprocessable(`the list has ${items.length} elements; it can't move ${source} to ${destination}`, place);
    }
    items.splice(destination, 0, ...items.splice(source, 1));
    writeItems(owner.object, property, items);
  }

  #find(path: string, place: string): ElementPath[] {
    return findElements(this.#resource.object, path, place);
  }

  #one(path: string, place: string): ElementPath {
    const found = this.#find(path, place);
    if (found.length !== 1 || !found[0]) throw unprocessable(`${path} selects ${found.length || 'no'} elements, not one`, place);
    return found[0];
  }

  /** The one list whose elements `found` are, all of them. */
  #list(found: readonly ElementPath[], path: string, place: string): ElementPlace {
    const [first, ...rest] = found.map((steps) => placeAt(this.#resource, steps, this.#definitions, place));
    if (!first) throw unprocessable(`${path} selects nothing`, place);
    const isOne = rest.every((other) => other.owner.object === first.owner.object && other.property === first.property);
    const valued = readItems(first.owner.object, first.property.name).filter((item) => item.value !== null).length;
    if (!isOne || !first.property.element.list || found.length < valued)
      throw unprocessable(`${path} does not select one whole list`, place);
    return first;
  }
}
