/** R4's own code systems and value sets as a source. */
import type { CodeSystem, TerminologySource, ValueSet } from './resources.ts';
import { splitCanonical } from './resources.ts';

interface Published {
  readonly systems: ReadonlyMap<string, CodeSystem>;
  readonly sets: ReadonlyMap<string, ValueSet>;
}

function byUrl(resources: readonly object[]): Published {
  const all = resources as readonly (CodeSystem | ValueSet)[];
  const entries = <T extends CodeSystem | ValueSet>(type: T['resourceType']) =>
    new Map(all.filter((one): one is T => one.resourceType === type).map((one) => [one.url ?? '', one]));
  return { systems: entries<CodeSystem>('CodeSystem'), sets: entries<ValueSet>('ValueSet') };
}

/** Without a version, or by its own: R4's version does for those too that have another. */
function versionFits(one: { readonly version?: string } | undefined, version: string | undefined): boolean {
  return version === undefined || version === '4.0.1' || version === one?.version;
}

/** `load` is called when the first resource is asked for. */
export function publishedTerminology(load: () => readonly object[]): TerminologySource {
  let published: Published | undefined;
  const find = <T extends { readonly version?: string }>(canonical: string, kind: (all: Published) => ReadonlyMap<string, T>) => {
    published ??= byUrl(load());
    const { url, version } = splitCanonical(canonical);
    const one = kind(published).get(url);
    return Promise.resolve(versionFits(one, version) ? one : undefined);
  };
  return {
    codeSystem: (canonical) => find(canonical, ({ systems }) => systems),
    valueSet: (canonical) => find(canonical, ({ sets }) => sets),
  };
}
