/**
 * The places where a resource points at something: what a transaction rewrites.
 * @see https://hl7.org/fhir/R4/http.html#trules
 */
import type { Definitions, TypeDefinition } from './definitions.ts';

export interface Link {
  /** Member names and list positions from the resource down: `['subject', 'reference']`. */
  readonly path: readonly (string | number)[];
  /** The reference or URI; for a narrative the whole `div`. */
  readonly value: string;
  readonly kind: 'reference' | 'uri' | 'narrative';
}

/** Canonical URLs name artefacts, not resources of this server, and are never rewritten. */
const URI_TYPES: ReadonlySet<string> = new Set(['uri', 'url', 'oid', 'uuid']);
const NARRATIVE_LINK = /\s(?:href|src)\s*=/i;

/**
 * Every `Reference.reference`, every value of type uri, url, oid or uuid, and every narrative with a link or image; those of
 * contained resources and extensions too. What is not as the definitions say is passed over: validation reports it.
 *
 * Most URIs are code systems. A caller who looks for certain values passes `wanted`, which is asked before a path is made;
 * it is not asked about narratives.
 */
export function findLinks(definitions: Definitions, resource: object, wanted: (value: string) => boolean = () => true): Link[] {
  const links: Link[] = [];
  const path: (string | number)[] = [];

  const add = (kind: Link['kind'], value: unknown) => {
    if (typeof value !== 'string') return;
    if (kind === 'narrative' ? NARRATIVE_LINK.test(value) : wanted(value)) links.push({ path: [...path], value, kind });
  };

  const visit = (value: unknown, type: TypeDefinition): void => {
    if (Array.isArray(value)) {
      for (let index = 0; index < value.length; index += 1) within(index, value[index], type);
    } else if (type.kind === 'primitive') {
      if (URI_TYPES.has(type.name)) add('uri', value);
      else if (type.name === 'xhtml') add('narrative', value);
    } else if (typeof value === 'object' && value !== null) {
      members(value as Record<string, unknown>, type);
    }
  };

  const within = (step: string | number, value: unknown, type: TypeDefinition): void => {
    path.push(step);
    visit(value, type);
    path.pop();
  };

  const members = (object: Record<string, unknown>, declared: TypeDefinition): void => {
    const type = declared.name === 'Resource' ? definitions.types.get(object.resourceType as string) : declared;
    if (!type) return;
    for (const name in object) {
      const property = type.properties.get(name);
      if (property) {
        if (type.name === 'Reference' && name === 'reference') addReference(object.reference);
        else if (isWorthAVisit(property.definition)) within(name, object[name], property.definition);
      } else if (name.charCodeAt(0) === UNDERSCORE) {
        const element = definitions.types.get('Element');
        if (element) within(name, object[name], element);
      }
    }
  };

  const addReference = (value: unknown): void => {
    path.push('reference');
    add('reference', value);
    path.pop();
  };

  const root = definitions.types.get('Resource');
  if (root) visit(resource, root);
  return links;
}

const UNDERSCORE = 0x5f;

function isWorthAVisit(type: TypeDefinition): boolean {
  return type.kind !== 'primitive' || type.name === 'xhtml' || URI_TYPES.has(type.name);
}
