/** Element tables of every type and backbone: `{Patient: {kind, base, elements}, "Patient.contact": {…}, HumanName: {…}, …}`. */
import type { ElementDefinition, StructureDefinition } from '@medplum/fhirtypes';
import type { GeneratedElement, GeneratedType } from '../../src/definitions/generated.ts';
import { byText } from './json-lines.ts';
import type { PublishedElements } from './published-elements.ts';

const SYSTEM_STRING = 'http://hl7.org/fhirpath/System.String';
const STRUCTURE = 'http://hl7.org/fhir/StructureDefinition/';

/** `codeSetOf` names the code set of a required binding, or undefined if it has no finite one. */
export function elementTables(
  structures: readonly StructureDefinition[],
  published: PublishedElements,
  codeSetOf: (valueSet: string) => string | undefined,
): Record<string, GeneratedType> {
  const tables = new Map<string, GeneratedType>();
  for (const structure of structures) {
    tables.set(structure.name, { kind: kindOf(structure), base: baseOf(structure), elements: {} });
    if (structure.kind === 'primitive-type') continue;
    for (const element of published.ownElements(structure)) add(tables, element, codeSetOf);
  }
  return Object.fromEntries([...tables].sort(([left], [right]) => byText(left, right)));
}

function kindOf(structure: StructureDefinition): GeneratedType['kind'] {
  if (structure.abstract) return 'abstract';
  return structure.kind === 'primitive-type' ? 'primitive' : structure.kind === 'resource' ? 'resource' : 'complex';
}

function baseOf(structure: StructureDefinition): string | undefined {
  return structure.baseDefinition?.slice(STRUCTURE.length);
}

function add(tables: Map<string, GeneratedType>, element: ElementDefinition, codeSetOf: (valueSet: string) => string | undefined): void {
  const dot = element.path.lastIndexOf('.');
  const owner = tables.get(element.path.slice(0, dot));
  if (!owner) throw new Error(`${element.path} has no parent`);
  const code = element.type?.[0]?.code;
  const isBackbone = code === 'BackboneElement' || code === 'Element';
  if (isBackbone) tables.set(element.path, { kind: 'complex', base: code, elements: {} });
  const types = isBackbone ? [element.path] : typesOf(element);
  owner.elements[element.path.slice(dot + 1)] = distil(element, types, codeSetOf);
}

function typesOf(element: ElementDefinition): string[] {
  if (element.contentReference) return [element.contentReference.slice(1)];
  return (element.type ?? []).map(({ code }) => (code === SYSTEM_STRING ? systemStringType(element.path) : code));
}

/** R4 gives FHIRPath's String as the type of these; the text of the specification says which type is meant. */
function systemStringType(path: string): string {
  if (path === 'Resource.id') return 'id';
  return path === 'Extension.url' ? 'uri' : 'string';
}

function distil(element: ElementDefinition, types: string[], codeSetOf: (valueSet: string) => string | undefined): GeneratedElement {
  if (element.max !== '1' && element.max !== '*') throw new Error(`${element.path} has max ${element.max}, which the tables can't say`);
  const required = element.binding?.strength === 'required' ? element.binding.valueSet : undefined;
  const profiles = element.type?.find((type) => type.code === 'Reference')?.targetProfile ?? [];
  const targets = profiles.map((profile) => profile.slice(STRUCTURE.length));
  return {
    types,
    min: element.min || undefined,
    max: element.max === '*' ? '*' : undefined,
    codes: required && codeSetOf(required),
    // `Reference(Resource)` and `Reference(Any)` allow every type.
    targets: targets.length === 0 || targets.includes('Resource') ? undefined : targets,
    summary: element.isSummary || undefined,
    modifier: element.isModifier || undefined,
    attribute: element.representation?.includes('xmlAttr') || undefined,
  };
}
