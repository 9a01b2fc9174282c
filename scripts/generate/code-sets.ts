/** The codes of value sets that elements are bound to with strength "required". */
import type { CodeSystem, CodeSystemConcept, ValueSet, ValueSetComposeInclude } from '@medplum/fhirtypes';
import type { CodeSet } from '../../src/definitions/definitions.ts';
import { byText } from './json-lines.ts';
import type { SourceReader } from './sources.ts';

const FILES = ['valuesets.json', 'v3-codesystems.json', 'v2-tables.json'];

interface CodeSets {
  /** Name of a set, the last part of its canonical URL; undefined if its codes are not listed in FHIR itself (MIME types, currencies, UCUM). */
  nameOf(valueSet: string): string | undefined;
  /** The sets that were named, in order of their names. */
  named(): Record<string, CodeSet>;
}

export function codeSets(reader: SourceReader): CodeSets {
  const expand = createExpansion(reader);
  const used = new Map<string, { readonly url: string; readonly codes: CodeSet }>();
  return {
    nameOf(valueSet) {
      const url = valueSet.split('|')[0] ?? '';
      const name = url.slice(url.lastIndexOf('/') + 1);
      const known = used.get(name);
      if (known && known.url !== url) throw new Error(`Two value sets are called ${name}: ${known.url} and ${url}`);
      if (known) return name;
      const codes = expand(url);
      if (codes) used.set(name, { url, codes });
      return codes && name;
    },
    named: () => Object.fromEntries([...used].sort(([left], [right]) => byText(left, right)).map(([name, { codes }]) => [name, codes])),
  };
}

function createExpansion(reader: SourceReader): (url: string) => CodeSet | undefined {
  const resources = FILES.flatMap((file) => reader.resources(file)) as (ValueSet | CodeSystem)[];
  const systems = new Map(resources.filter((one) => one.resourceType === 'CodeSystem').map((one) => [one.url, one]));
  const sets = new Map(resources.filter((one) => one.resourceType === 'ValueSet').map((one) => [one.url, one]));
  const include = ({ system, concept, filter, valueSet }: ValueSetComposeInclude): [string, string[]] | undefined => {
    if (!system || filter || valueSet) return undefined;
    if (concept) return [system, concept.map(({ code }) => code)];
    const found = systems.get(system);
    return found?.content === 'complete' ? [system, allCodes(found.concept ?? [])] : undefined;
  };
  return (url) => {
    const compose = sets.get(url)?.compose;
    if (!compose || compose.exclude) return undefined;
    const parts = compose.include.map(include);
    return parts.every((part) => part !== undefined) ? Object.fromEntries(parts) : undefined;
  };
}

function allCodes(concepts: readonly CodeSystemConcept[]): string[] {
  return concepts.flatMap((concept) => [concept.code as string, ...allCodes(concept.concept ?? [])]);
}
