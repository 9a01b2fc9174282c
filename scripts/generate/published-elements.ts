/**
 * The elements of R4 as HL7 published them.
 *
 * The package's makers edited some StructureDefinitions (R5's ResearchStudy elements, `Meta.project`, wider targets). Two
 * other lists are free of that: `dataelements.json`, which has each element whole but lacks those with long ids, grouping
 * elements and content references; and fhirpath.js's model, which has all paths but not their cardinality. So an element
 * counts if one of the two knows it, and is taken as `dataelements.json` has it.
 */
import type { ElementDefinition, StructureDefinition } from '@medplum/fhirtypes';
import type { SourceReader } from './sources.ts';

export interface PublishedElements {
  /** Own elements of a type and of the backbones in it, in the order of the specification, inherited ones left out. */
  ownElements(definition: StructureDefinition): readonly ElementDefinition[];
}

export function publishedElements(reader: SourceReader): PublishedElements {
  const dataElements = readDataElements(reader);
  const isModelled = readModel(reader);
  const genuine = (element: ElementDefinition) =>
    dataElements.has(element.path) || (isModelled(element.path) && !isCaseOfChoice(element.path, dataElements));
  return {
    ownElements(definition) {
      const all = definition.snapshot?.element ?? [];
      const published = all
        .filter(isOwn)
        .filter(genuine)
        .map((element) => dataElements.get(element.path) ?? element);
      const listed = new Set(all.map((element) => element.path));
      const missing = [...dataElements.values()].filter(({ path }) => path.startsWith(`${definition.name}.`) && !listed.has(path));
      return withMissing(published, missing, [...dataElements.keys()]);
    },
  };
}

function isOwn(element: ElementDefinition): boolean {
  return element.path.includes('.') && element.base?.path === element.path;
}

function readDataElements(reader: SourceReader): Map<string, ElementDefinition> {
  const elements = new Map<string, ElementDefinition>();
  for (const resource of reader.resources('dataelements.json') as StructureDefinition[]) {
    const element = resource.snapshot?.element?.[0];
    // Age and SimpleQuantity publish `Quantity.comparator` again with their restrictions: the first is the type's own.
    if (element && resource.name === element.path && !elements.has(element.path)) elements.set(element.path, element);
  }
  return elements;
}

function readModel(reader: SourceReader): (path: string) => boolean {
  const tables = ['path2Type.json', 'pathsDefinedElsewhere.json', 'choiceTypePaths.json'];
  const known = new Set(tables.flatMap((file) => Object.keys(reader.model<object>(file))));
  return (path) => known.has(path.replace('[x]', ''));
}

/** `X.definitionReference` where R4 has `X.definition[x]`. */
function isCaseOfChoice(path: string, dataElements: ReadonlyMap<string, ElementDefinition>): boolean {
  const words = path.matchAll(/[A-Z]/g);
  return [...words].some((word) => dataElements.has(`${path.slice(0, word.index)}[x]`));
}

/** Puts back what the edited definition took away, each after the element that goes before it in the publication. */
function withMissing(elements: readonly ElementDefinition[], missing: readonly ElementDefinition[], order: readonly string[]) {
  const result = [...elements];
  for (const element of missing) {
    const previous = order[order.indexOf(element.path) - 1];
    result.splice(result.findIndex((one) => one.path === previous) + 1, 0, element);
  }
  return result;
}
