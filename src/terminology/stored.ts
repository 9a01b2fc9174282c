/** ValueSet and CodeSystem resources of the store as a source, within what the caller may search. */
import type { GuardedStore } from '../access/guarded-store.ts';
import { or } from '../search/expression/expression.ts';
import { valueEntry } from '../search/parameters/entry-text.ts';
import { type SearchRegistry, storedKeys } from '../search/parameters/registry.ts';
import { applyAccess, type Narrow } from '../search/plan/apply-access.ts';
import type { StoreSearch } from '../store/store.ts';
import type { CodeSystem, TerminologySource, ValueSet } from './resources.ts';
import { splitCanonical } from './resources.ts';

/** Versions of one URL that are looked through. */
const MOST_VERSIONS = 20;

const NEWEST_FIRST = [
  { parameter: '_lastUpdated', descending: true },
  { parameter: '_identity', descending: false },
];

/** R4 leaves open which version a URL without one means: an active one before others, then the one that was stored last. */
function choose<T extends { readonly version?: string; readonly status?: string }>(
  found: readonly T[],
  version: string | undefined,
): T | undefined {
  const fitting = version === undefined ? found : found.filter((one) => one.version === version);
  return fitting.find(({ status }) => status === 'active') ?? fitting[0];
}

/** `narrow`: what of each type the caller's search reaches. */
export function storedTerminology(search: GuardedStore['search'], registry: SearchRegistry, narrow: Narrow): TerminologySource {
  async function find<T extends CodeSystem | ValueSet>(type: T['resourceType'], canonical: string): Promise<T | undefined> {
    const { url, version } = splitCanonical(canonical);
    const parameter = registry.parameter(type, 'url');
    const where = or((parameter ? storedKeys(parameter) : []).map((key) => ({ kind: 'equals', entry: valueEntry(key, url) })));
    const asked = applyAccess<StoreSearch>({ types: [type], where, sort: NEWEST_FIRST, limit: MOST_VERSIONS }, narrow);
    if (asked.where.kind === 'nothing') return undefined;
    const found = await search(asked);
    return choose(
      found.map(({ resource }) => JSON.parse(resource.raw) as T),
      version,
    );
  }
  return {
    codeSystem: (canonical) => find<CodeSystem>('CodeSystem', canonical),
    valueSet: (canonical) => find<ValueSet>('ValueSet', canonical),
  };
}

/** The first source that knows it. */
export const eitherOf = (sources: readonly TerminologySource[]): TerminologySource => ({
  codeSystem: (canonical) => first(sources, (source) => source.codeSystem(canonical)),
  valueSet: (canonical) => first(sources, (source) => source.valueSet(canonical)),
});

async function first<T>(sources: readonly TerminologySource[], ask: (source: TerminologySource) => Promise<T | undefined>) {
  for (const source of sources) {
    const found = await ask(source);
    if (found) return found;
  }
  return undefined;
}
