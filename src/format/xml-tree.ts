/** Builds the JSON tree of a resource from the elements of its XML, by the element tables. */
import type { Definitions, PropertyDefinition, TypeDefinition } from '../definitions/definitions.ts';
import { malformed } from '../model/error.ts';
import { JsonNumber, type JsonObject, type JsonTree } from '../model/lossless-json.ts';

/** An element that is open. */
interface Frame {
  readonly name: string;
  /** Undefined in the elements that only hold a resource: `contained`, `Bundle.entry.resource`. */
  readonly type: TypeDefinition | undefined;
  readonly property: PropertyDefinition | undefined;
  readonly members: JsonObject;
  /** Of primitives. */
  readonly value: JsonTree | undefined;
  /** Of elements that hold a resource. */
  resource: JsonTree | undefined;
}

const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;
const NUMBERS: ReadonlySet<string> = new Set(['decimal', 'integer', 'positiveInt', 'unsignedInt']);

/** Errors are FhirErrors without a place in the text, which the reader adds. */
export class XmlTree {
  private readonly frames: Frame[] = [];
  private readonly definitions: Definitions;
  private root: JsonTree = null;

  constructor(definitions: Definitions) {
    this.definitions = definitions;
  }

  resource(): JsonTree {
    return this.root;
  }

  /** The FHIRPath of the open element, without positions in lists. */
  place(): string | undefined {
    const names = this.frames.filter((frame, index) => index === 0 || frame.property).map(({ name }) => name);
    return names.length === 0 ? undefined : names.join('.');
  }

  expectsNarrative(name: string): boolean {
    return this.frames.at(-1)?.type?.properties.get(name)?.type === 'xhtml';
  }

  narrative(text: string): void {
    const frame = this.frames.at(-1);
    const property = frame?.type?.properties.get('div');
    if (frame && property) this.attach(frame, property, text, undefined);
  }

  open(name: string, attributes: ReadonlyMap<string, string>): void {
    const parent = this.frames.at(-1);
    if (parent?.type) this.openElement(name, attributes, parent.type);
    else this.openResource(name, attributes, parent);
  }

  private openElement(name: string, attributes: ReadonlyMap<string, string>, owner: TypeDefinition): void {
    const property = owner.properties.get(name);
    if (!property || property.element.attribute) throw malformed(`${owner.name} has no element ${JSON.stringify(name)}`);
    const isHolder = property.type === 'Resource';
    const type = isHolder ? undefined : property.definition;
    const own = new Map(attributes);
    const value = type?.kind === 'primitive' ? take(own, 'value') : undefined;
    const members: JsonObject = new Map();
    for (const element of (type?.elements ?? []).filter((one) => one.attribute)) {
      const attribute = take(own, element.name);
      if (attribute !== undefined) members.set(element.name, attribute);
    }
    refuseRest(name, own);
    const typed = value === undefined ? undefined : typedValue(value, property.type);
    this.frames.push({ name, type, property, members, value: typed, resource: undefined });
  }

  private openResource(name: string, attributes: ReadonlyMap<string, string>, holder: Frame | undefined): void {
    if (!this.definitions.isResourceType(name)) throw malformed(`${JSON.stringify(name)} is not a resource type of FHIR R4`);
    if (holder?.resource !== undefined) throw malformed(`${holder.name} may hold one resource only`);
    refuseRest(name, attributes);
    const members: JsonObject = new Map([['resourceType', name]]);
    this.frames.push({ name, type: this.definitions.types.get(name), property: undefined, members, value: undefined, resource: undefined });
  }

  close(): void {
    const frame = this.frames.at(-1);
    if (!frame) return;
    dropEmptyLists(frame.members);
    if (frame.type?.kind !== 'primitive' && frame.property && frame.type && frame.members.size === 0) {
      throw malformed(`${frame.name} is empty: leave it out`);
    }
    this.frames.pop();
    const parent = this.frames.at(-1);
    if (!parent) this.root = frame.members;
    else if (!frame.property) parent.resource = frame.members;
    else if (frame.type?.kind === 'primitive') this.attachPrimitive(parent, frame, frame.property);
    else this.attach(parent, frame.property, frame.type ? frame.members : frame.resource, undefined);
  }

  private attachPrimitive(parent: Frame, frame: Frame, property: PropertyDefinition): void {
    const sibling = frame.members.size > 0 ? frame.members : undefined;
    if (frame.value === undefined && !sibling) throw malformed(`${frame.name} has neither a value nor extensions`);
    this.attach(parent, property, frame.value, sibling);
  }

  private attach(parent: Frame, property: PropertyDefinition, value: JsonTree | undefined, sibling: JsonObject | undefined): void {
    const { name, definition, element } = property;
    if (value === undefined && !sibling) throw malformed(`${name} holds no resource`);
    if (!element.list) {
      if (parent.members.has(name) || parent.members.has(`_${name}`)) throw malformed(`${name} may be there once only`);
      if (value !== undefined) parent.members.set(name, value);
      if (sibling) parent.members.set(`_${name}`, sibling);
      return;
    }
    listIn(parent.members, name).push(value ?? null);
    if (definition.kind === 'primitive') listIn(parent.members, `_${name}`).push(sibling ?? null);
  }
}

function take(attributes: Map<string, string>, name: string): string | undefined {
  const value = attributes.get(name);
  attributes.delete(name);
  return value;
}

function refuseRest(name: string, attributes: ReadonlyMap<string, string>): void {
  const [unknown] = attributes.keys();
  if (unknown !== undefined) throw malformed(`the element ${name} has no attribute ${JSON.stringify(unknown)}`);
}

function typedValue(value: string, type: string): JsonTree {
  if (type === 'boolean') {
    if (value !== 'true' && value !== 'false') throw malformed(`${JSON.stringify(value)} is neither true nor false`);
    return value === 'true';
  }
  if (!NUMBERS.has(type)) return value;
  if (!NUMBER.test(value)) throw malformed(`${JSON.stringify(value)} is not a number`);
  return new JsonNumber(value);
}

function listIn(members: JsonObject, name: string): JsonTree[] {
  const list = members.get(name);
  if (Array.isArray(list)) return list;
  const created: JsonTree[] = [];
  members.set(name, created);
  return created;
}

/** Lists of primitives come in two, values and extensions; one that holds only nulls says nothing. */
function dropEmptyLists(members: JsonObject): void {
  for (const [name, list] of members) {
    if (Array.isArray(list) && list.every((item) => item === null)) members.delete(name);
  }
}
