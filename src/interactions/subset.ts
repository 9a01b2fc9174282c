/**
 * Parts of resources: `_summary` and `_elements`.
 * @see https://hl7.org/fhir/R4/search.html#summary
 * @see https://hl7.org/fhir/R4/search.html#elements
 */
import type { Definitions, ElementDefinition } from '../definitions/definitions.ts';
import { invalidValue } from '../model/error.ts';
import { type JsonObject, type JsonTree, parseLossless, printLossless } from '../model/lossless-json.ts';

export type Subset =
  | { readonly kind: 'elements'; readonly names: readonly string[] }
  | { readonly kind: 'summary' }
  | { readonly kind: 'text' }
  | { readonly kind: 'data' };

const SUMMARIES = ['true', 'text', 'data', 'count', 'false'];

/** What a query asks for; undefined for whole resources. @throws FhirError 400 for a value that R4 doesn't know, or both at once */
export function subsetOf(query: readonly (readonly [string, string])[]): Subset | undefined {
  const summary = query.findLast(([name]) => name === '_summary')?.[1];
  const elements = query.findLast(([name]) => name === '_elements')?.[1];
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
  const kept = filtered(definitions, type, tree, (name, element) => ALWAYS.has(name) || keeps(name, element));
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

function filtered(definitions: Definitions, type: string, tree: JsonObject, keeps: Keeps): JsonObject {
  const properties = definitions.types.get(type)?.properties;
  const kept: JsonObject = new Map();
  for (const [member, value] of tree) {
    const name = member.startsWith('_') ? member.slice(1) : member;
    if (keeps(name, properties?.get(name)?.element)) kept.set(member, value);
  }
  return kept;
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
