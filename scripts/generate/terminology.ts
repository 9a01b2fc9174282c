/** The code systems that R4 itself lists in full and the value sets that it defines: codes and how they hang together, no words. */
import type { CodeSystem, CodeSystemConcept, ValueSet, ValueSetComposeInclude } from '@medplum/fhirtypes';
import type { SourceReader } from './sources.ts';

const FILES = ['valuesets.json', 'v3-codesystems.json', 'v2-tables.json'];

/** Resources in FHIR's own form, with the members that expansion reads. */
export function terminology(reader: SourceReader): object[] {
  const resources = FILES.flatMap((file) => reader.resources(file)) as (ValueSet | CodeSystem)[];
  const known = new Set<string>();
  return resources.flatMap((resource): object[] => {
    const url = `${resource.resourceType} ${resource.url}`;
    if (known.has(url)) return [];
    known.add(url);
    if (resource.resourceType === 'ValueSet') return resource.compose ? [valueSet(resource, resource.compose)] : [];
    return resource.resourceType === 'CodeSystem' && resource.content === 'complete' ? [codeSystem(resource)] : [];
  });
}

const codeSystem = ({ url, version, caseSensitive, concept = [] }: CodeSystem) => ({
  resourceType: 'CodeSystem',
  url,
  version,
  caseSensitive,
  content: 'complete',
  concept: concept.map(oneConcept),
});

/** `child` makes a concept the child of several. */
function oneConcept({ code, property = [], concept }: CodeSystemConcept): object {
  const children = property.filter((each) => each.code === 'child').map(({ valueCode }) => ({ code: 'child', valueCode }));
  return { code, ...(children.length > 0 && { property: children }), ...(concept && { concept: concept.map(oneConcept) }) };
}

const valueSet = ({ url, version }: ValueSet, { include, exclude }: NonNullable<ValueSet['compose']>) => ({
  resourceType: 'ValueSet',
  url,
  version,
  compose: { include: include.map(part), ...(exclude && { exclude: exclude.map(part) }) },
});

const part = ({ system, version, concept, filter, valueSet: imported }: ValueSetComposeInclude) => ({
  system,
  version,
  ...(concept && { concept: concept.map(({ code }) => ({ code })) }),
  ...(filter && { filter: filter.map(({ property, op, value }) => ({ property, op, value })) }),
  valueSet: imported,
});
