/** Which parameters can be sorted by. @see https://hl7.org/fhir/R4/search.html#sort */
import { unsupportedParameter } from '../../model/error.ts';
import type { SortKey } from '../expression/search.ts';
import type { SearchParameter, SearchRegistry } from '../parameters/registry.ts';

/** Kept by every store for every resource. */
const ALWAYS = new Set(['_id', '_lastUpdated']);
const NOT_IN_ORDER = new Set(['Identifier', 'ContactPoint', 'Address', 'canonical', 'SampledData']);
const SORTABLE_TYPES = new Set(['date', 'number', 'quantity', 'string', 'token', 'uri']);

/** True if the extractors keep a scalar of this parameter in `IndexEntries.o`. */
export function isSortable(parameter: SearchParameter): boolean {
  const isOwn = parameter.storedAs.length === 1 && parameter.storedAs[0]?.target === undefined;
  return isOwn && SORTABLE_TYPES.has(parameter.type) && parameter.elementTypes.some((type) => !NOT_IN_ORDER.has(type));
}

function storedKey(key: SortKey, types: readonly string[], registry: SearchRegistry): SortKey | undefined {
  if (ALWAYS.has(key.parameter)) return key;
  const codes = new Set<string | undefined>();
  for (const type of types) {
    const parameter = registry.parameter(type, key.parameter);
    codes.add(parameter && isSortable(parameter) ? parameter.storedAs[0]?.code : undefined);
  }
  const [code] = codes;
  return codes.size === 1 && code !== undefined ? { ...key, parameter: code } : undefined;
}

function sortableCodes(types: readonly string[], registry: SearchRegistry): string[] {
  const [first = ''] = types;
  const codes = registry.codesOf(first).filter((code) => storedKey({ parameter: code, descending: false }, types, registry));
  return [...new Set([...ALWAYS, ...codes])].sort();
}

interface SortContext {
  readonly registry: SearchRegistry;
  readonly handling: 'strict' | 'lenient';
}

/**
 * The keys by the names under which their scalars are stored.
 * @throws FhirError 400 that lists what can be sorted by; lenient handling puts its text into `ignored` instead
 */
export function checkSort(keys: readonly SortKey[], types: readonly string[], context: SortContext, ignored: string[]): SortKey[] {
  return keys.flatMap((key) => {
    const stored = storedKey(key, types, context.registry);
    if (stored) return [stored];
    const allowed = sortableCodes(types, context.registry).join(', ');
    const error = unsupportedParameter(`_sort: can't sort by "${key.parameter}"; allowed: ${allowed}`, '_sort');
    if (context.handling === 'strict') throw error;
    ignored.push(error.message);
    return [];
  });
}
