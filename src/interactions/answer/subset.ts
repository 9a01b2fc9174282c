/**
 * Parts of resources: `_summary` and `_elements`.
 * @see https://hl7.org/fhir/R4/search.html#summary
 * @see https://hl7.org/fhir/R4/search.html#elements
 */
import type { Definitions, ElementDefinition, PropertyDefinition, TypeDefinition } from '../../definitions/definitions.ts';
import { invalidValue } from '../../model/error.ts';
import { type JsonObject, type JsonTree, parseLossless, printLossless } from '../../model/lossless-json.ts';
import { onlyValue } from '../query-text.ts';

export type Subset =
  | { readonly kind: 'elements'; readonly names: readonly string[] }
  | { readonly kind: 'summary' }
  | { readonly kind: 'text' }
  | { readonly kind: 'data' };

const SUMMARIES = ['true', 'text', 'data', 'count', 'false'];

/** What the query of a read or a history asks for: `subsetOf`, but nothing can be counted. @throws FhirError 400 */
export function subsetOfRead(query: readonly (readonly [string, string])[]): Subset | undefined {
  const subset = subsetOf(query);
  if (onlyValue(query, '_summary') === 'count') throw invalidValue('_summary=count is for searches', '_summary');
  return subset;
}

/** What a query asks for; undefined for whole resources. @throws FhirError 400 for a value that R4 doesn't know, or both at once */
export function subsetOf(query: readonly (readonly [string, string])[]): Subset | undefined {
  const summary = onlyValue(query, '_summary');
  const elements = onlyValue(query, '_elements');
  if (summary !== undefined && !SUMMARIES.includes(summary))
    throw invalidValue(`_summary is one of ${SUMMARIES.join(', ')}, not "${summary}"`, '_summary');
  const isSummary = summary !== undefined && summary !== 'false';
  if (elements !== undefined) {
    if (isSummary) throw invalidValue('_elements and _summary can not be asked for together', '_elements');
    return { kind: 'elements', names: elementNames(elements) };
  }
  if (!isSummary || summary === 'count') return undefined;
  return { kind: summary === 'true' ? 'summary' : (summary as 'text' | 'data') };
}

function elementNames(text: string): readonly string[] {
  const names = text.split(',').map((name) => name.trim());
  const broken = names.find((name) => !/^(?:[A-Z]\w*\.)?[a-z]\w*$/.test(name));
  if (broken !== undefined) throw invalidValue(`"${broken}" is not the name of an element`, '_elements');
  return names.map((name) => name.replace(/^[A-Z]\w*\./, ''));
}

const ALWAYS = new Set(['resourceType', 'id', 'meta', 'implicitRules']);

/** The part of a resource's text that was asked for, marked SUBSETTED. Mandatory elements stay, number lexemes too. */
export function subsetText(definitions: Definitions, raw: string, subset: Subset): string {
  const tree = parseLossless(raw) as JsonObject;
  const type = tree.get('resourceType') as string;
  const keeps = keeperOf(subset);
  const kept = filtered(definitions, type, tree, (name, element) => ALWAYS.has(name) || keeps(name, element), subset.kind === 'summary');
  return printLossless(marked(kept));
}

/** Decides on a top-level element. */
type Keeps = (name: string, element: ElementDefinition | undefined) => boolean;

function keeperOf(subset: Subset): Keeps {
  switch (subset.kind) {
    case 'elements':
      return (name, element) => element?.required === true || subset.names.includes(element?.name ?? name) || subset.names.includes(name);
    case 'summary':
      return (_name, element) => element?.summary === true || element?.required === true;
    case 'text':
      return (name, element) => name === 'text' || element?.required === true;
    case 'data':
      return (name) => name !== 'text';
  }
}

function filtered(definitions: Definitions, type: string, tree: JsonObject, keeps: Keeps, isNested: boolean): JsonObject {
  const properties = definitions.types.get(type)?.properties;
  const kept: JsonObject = new Map();
  for (const [member, value] of tree) {
    const name = member.startsWith('_') ? member.slice(1) : member;
    const property = properties?.get(name);
    if (!keeps(name, property?.element)) continue;
    const isWhole = !isNested || !property || ALWAYS.has(name) || member !== name;
    const part = isWhole ? value : summaryPart(property, value);
    if (part !== undefined) kept.set(member, part);
  }
  return kept;
}

/** What is left of a member; what is mandatory stays whole where nothing is, because FHIR forbids empty elements. */
const summaryPart = ({ definition, element }: PropertyDefinition, value: JsonTree): JsonTree | undefined =>
  summaryOf(definition, value) ?? (element.required ? value : undefined);

/** What `_summary=true` keeps of a value: marks go all the way down, `Attachment.data` has none. Undefined if that is nothing. */
function summaryOf(definition: TypeDefinition, value: JsonTree): JsonTree | undefined {
  if (definition.kind === 'primitive' || definition.name === 'Resource') return value;
  if (Array.isArray(value)) {
    const items = value.flatMap((each) => summaryOf(definition, each) ?? []);
    return items.length > 0 ? items : undefined;
  }
  if (!(value instanceof Map)) return value;
  const kept: JsonObject = new Map();
  for (const [member, inner] of value) {
    const isCompanion = member.startsWith('_');
    const property = definition.properties.get(isCompanion ? member.slice(1) : member);
    if (member !== 'id' && !property?.element.summary && !property?.element.required) continue;
    const part = property && !isCompanion ? summaryPart(property, inner) : inner;
    if (part !== undefined) kept.set(member, part);
  }
  return kept.size > 0 ? kept : undefined;
}

const SUBSETTED_SYSTEM = 'http://terminology.hl7.org/CodeSystem/v3-ObservationValue';

function marked(tree: JsonObject): JsonObject {
  const meta = new Map((tree.get('meta') as JsonObject | undefined) ?? []);
  const tags = (meta.get('tag') as JsonTree[] | undefined) ?? [];
  const tag: JsonObject = new Map([
    ['system', SUBSETTED_SYSTEM],
    ['code', 'SUBSETTED'],
  ]);
  meta.set('tag', [...tags, tag]);
  return new Map(tree).set('meta', meta);
}
