/** FHIR's XML from a JSON tree. @see https://hl7.org/fhir/R4/xml.html */
import type { Definitions, PropertyDefinition, TypeDefinition } from '../definitions/definitions.ts';
import { notAcceptable } from '../model/error.ts';
import { JsonNumber, type JsonObject, type JsonTree } from '../model/lossless-json.ts';
import { attributeText, isXmlText } from './xml-text.ts';

export const FHIR_NAMESPACE = 'http://hl7.org/fhir';

/** Writes one resource. Throws what `jsonToXml` says. */
export class XmlWriter {
  private readonly parts: string[] = ['<?xml version="1.0" encoding="UTF-8"?>'];
  private readonly path: string[] = [];
  private readonly definitions: Definitions;
  private readonly pretty: boolean;

  constructor(definitions: Definitions, pretty: boolean) {
    this.definitions = definitions;
    this.pretty = pretty;
  }

  /** The document. */
  document(resource: JsonTree): string {
    this.resource(resource, ` xmlns="${FHIR_NAMESPACE}"`);
    return this.parts.join('');
  }

  private resource(resource: JsonTree, namespace = ''): void {
    const name = isObject(resource) ? resource.get('resourceType') : undefined;
    const type = typeof name === 'string' && this.definitions.isResourceType(name) ? this.definitions.types.get(name) : undefined;
    if (!type || !isObject(resource)) throw notAcceptable(`${this.place()}: a resource without a type of R4 can't be written as XML`);
    this.element(type.name, namespace, () => this.members(resource, type));
  }

  private members(object: JsonObject, type: TypeDefinition): void {
    this.refuseUnknown(object, type);
    for (const property of type.properties.values()) {
      if (property.element.attribute) continue;
      const value = object.get(property.name);
      const sibling = object.get(`_${property.name}`);
      if (value !== undefined || sibling !== undefined) this.property(property, value, sibling);
    }
  }

  private property(property: PropertyDefinition, value: JsonTree | undefined, sibling: JsonTree | undefined): void {
    if (!Array.isArray(value) && !Array.isArray(sibling)) {
      this.one(property, value ?? null, sibling ?? null);
      return;
    }
    const values = Array.isArray(value) ? value : [];
    const siblings = Array.isArray(sibling) ? sibling : [];
    for (let index = 0; index < Math.max(values.length, siblings.length); index += 1) {
      this.one(property, values[index] ?? null, siblings[index] ?? null);
    }
  }

  private one(property: PropertyDefinition, value: JsonTree, sibling: JsonTree): void {
    const { name, definition } = property;
    if (definition.name === 'Resource') this.element(name, '', () => this.resource(value));
    else if (definition.name === 'xhtml') this.narrative(name, value);
    else if (definition.kind === 'primitive') this.primitive(name, value, sibling);
    else if (isObject(value)) this.element(name, this.attributes(value, definition), () => this.members(value, definition));
    else throw notAcceptable(`${this.place(name)} is not an object: it can't be written as XML`);
  }

  private primitive(name: string, value: JsonTree, sibling: JsonTree): void {
    const type = this.definitions.types.get('Element');
    const attribute = value === null ? '' : ` value="${this.escaped(name, value)}"`;
    if (!isObject(sibling) || !type) this.line(`<${name}${attribute}/>`);
    else if (!sibling.has('extension')) this.line(`<${name}${this.attributes(sibling, type)}${attribute}/>`);
    else this.element(name, this.attributes(sibling, type) + attribute, () => this.members(sibling, type));
  }

  private narrative(name: string, value: JsonTree): void {
    if (typeof value !== 'string' || !isXmlText(value)) throw notAcceptable(`${this.place(name)} can't be written as XML`);
    this.line(value);
  }

  private attributes(object: JsonObject, type: TypeDefinition): string {
    const attributes = type.elements.filter((element) => element.attribute && object.has(element.name));
    return attributes.map(({ name }) => ` ${name}="${this.escaped(name, object.get(name) ?? null)}"`).join('');
  }

  private escaped(name: string, value: JsonTree): string {
    if (Array.isArray(value) || isObject(value))
      throw notAcceptable(`${this.place(name)} is not a primitive value: it can't be written as XML`);
    const text = lexeme(value);
    if (!isXmlText(text)) throw notAcceptable(`${this.place(name)} has characters that XML can't hold`);
    return attributeText(text);
  }

  private element(name: string, attributes: string, inner: () => void): void {
    this.line(`<${name}${attributes}>`);
    this.path.push(name);
    const before = this.parts.length;
    inner();
    this.path.pop();
    if (this.parts.length === before) this.parts[before - 1] = this.indented(`<${name}${attributes}/>`);
    else this.line(`</${name}>`);
  }

  private line(text: string): void {
    this.parts.push(this.indented(text));
  }

  private indented(text: string): string {
    return this.pretty ? `\n${'  '.repeat(this.path.length)}${text}` : text;
  }

  private refuseUnknown(object: JsonObject, type: TypeDefinition): void {
    for (const name of object.keys()) {
      const bare = name.startsWith('_') ? name.slice(1) : name;
      if (type.properties.has(bare) || (name === 'resourceType' && type.kind === 'resource')) continue;
      throw notAcceptable(`${this.place(name)} is not an element of R4: it can't be written as XML`);
    }
  }

  private place(name?: string): string {
    return [...this.path, ...(name === undefined ? [] : [name])].join('.') || 'the resource';
  }
}

function lexeme(value: JsonTree): string {
  return value instanceof JsonNumber ? value.lexeme : String(value);
}

function isObject(value: JsonTree): value is JsonObject {
  return value instanceof Map;
}
