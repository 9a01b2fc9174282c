/** Which parameters can be sorted by. @see https://hl7.org/fhir/R4/search.html#sort */
import { FhirError, invalidValue, tooCostly, unsupportedParameter } from '../../model/error.ts';
import type { SortHop, SortKey } from '../expression/search.ts';
import type { SearchParameter, SearchRegistry } from '../parameters/registry.ts';
import { MOST_WAYS, referenceParameter } from './join.ts';
import { parseName } from './names.ts';

/** Kept by every store for every resource. */
const ALWAYS = new Set(['_id', '_lastUpdated']);
const NOT_IN_ORDER = new Set(['Identifier', 'ContactPoint', 'Address', 'canonical', 'SampledData']);
const SORTABLE_TYPES = new Set(['date', 'number', 'quantity', 'string', 'token', 'uri']);

/** True if the extractors keep a scalar of this parameter in `IndexEntries.o`. */
export function isSortable(parameter: SearchParameter): boolean {
  const isOwn = parameter.storedAs.length === 1 && parameter.storedAs[0]?.target === undefined;
  return isOwn && SORTABLE_TYPES.has(parameter.type) && parameter.elementTypes.some((type) => !NOT_IN_ORDER.has(type));
}

const SINGLE = { isSingle: true } as const;

function storedKey(key: SortKey, types: readonly string[], registry: SearchRegistry): SortKey | undefined {
  if (ALWAYS.has(key.parameter)) return key;
  const codes = new Set<string | undefined>();
  let isSingle = true;
  for (const type of types) {
    const parameter = registry.parameter(type, key.parameter);
    const code = parameter && isSortable(parameter) ? parameter.storedAs[0]?.code : undefined;
    codes.add(code);
    isSingle &&= code !== undefined && registry.parameter(type, code)?.isSingle === true;
  }
  const [code] = codes;
  return codes.size === 1 && code !== undefined ? { ...key, parameter: code, ...(isSingle && SINGLE) } : undefined;
}

function sortableCodes(types: readonly string[], registry: SearchRegistry): string[] {
  const [first = ''] = types;
  const codes = registry.codesOf(first).filter((code) => storedKey({ parameter: code, descending: false }, types, registry));
  return [...new Set([...ALWAYS, ...codes])].sort();
}

interface SortContext {
  readonly registry: SearchRegistry;
  readonly handling: 'strict' | 'lenient';
  /** Hops of a chain; default 5. */
  readonly mostHops?: number;
}

/**
 * The keys by the names under which their scalars are stored.
 * @throws FhirError 400 that lists what can be sorted by; lenient handling puts its text into `ignored` instead
 */
export function checkSort(keys: readonly SortKey[], types: readonly string[], context: SortContext, ignored: string[]): SortKey[] {
  return keys.flatMap((key) => {
    try {
      return [keyOf(key, types, { context, whole: key.parameter, hops: 0, known: new Map() })];
    } catch (error) {
      const isLeftOut = context.handling === 'lenient' && error instanceof FhirError && error.issues.every(isNotSupported);
      if (!isLeftOut) throw error;
      ignored.push(error.message);
      return [];
    }
  });
}

const isNotSupported = ({ code }: FhirError['issues'][number]) => code === 'not-supported';

interface Chain {
  readonly context: SortContext;
  /** The key as the client wrote it. */
  readonly whole: string;
  readonly hops: number;
  /** By type and rest of the chain: ways that come to the same are worked out once. */
  readonly known: Map<string, SortKey | FhirError>;
}

/** @throws FhirError 400 */
function keyOf(key: SortKey, types: readonly string[], chain: Chain): SortKey {
  const { registry, mostHops = 5 } = chain.context;
  const stored = storedKey(key, types, registry);
  if (stored) return stored;
  const { code, modifier, chain: rest } = parseName(key.parameter);
  const [on, another] = types;
  if (rest === undefined || code === '_has' || on === undefined) {
    const allowed = sortableCodes(types, registry).join(', ');
    throw unsupportedParameter(`_sort: can't sort by "${key.parameter}"; allowed: ${allowed}`, '_sort');
  }
  if (another !== undefined) throw unsupportedParameter(`_sort: "${chain.whole}": a chain needs a search of one type`, '_sort');
  if (chain.hops >= mostHops) throw invalidValue(`_sort: "${chain.whole}": a chain has ${mostHops} hops at most`, '_sort');
  const parameter = referenceParameter(on, code, registry, '_sort');
  if (modifier !== undefined && !parameter.targets.includes(modifier))
    throw unsupportedParameter(`_sort: ${code} leads to ${parameter.targets.join(', ')}, not to "${modifier}"`, '_sort');
  const tail = { ...key, parameter: rest };
  const hop = { code, into: intoOf(modifier === undefined ? parameter.targets : [modifier], tail, { ...chain, hops: chain.hops + 1 }) };
  if (waysOf(hop) > MOST_WAYS)
    throw tooCostly(`_sort: "${chain.whole}" may go ${waysOf(hop)} ways; say which types: "${code}:Patient.…"`, '_sort');
  return { ...key, hop };
}

/** The types in which the rest of the chain can be sorted by. @throws FhirError what the first says if it is none */
function intoOf(targets: readonly string[], tail: SortKey, chain: Chain): SortHop['into'] {
  const keys = targets.map((type) => ({ type, key: knownKey(tail, type, chain) }));
  const into = keys.flatMap(({ type, key }) => (key instanceof FhirError ? [] : [{ type, key }]));
  const errors = keys.flatMap(({ key }) => (key instanceof FhirError ? [key] : []));
  const telling = errors.find(({ issues }) => !issues.every(isNotSupported)) ?? (into.length === 0 ? errors[0] : undefined);
  if (telling) throw telling;
  return into;
}

function knownKey(tail: SortKey, type: string, chain: Chain): SortKey | FhirError {
  const name = `${type} ${tail.parameter}`;
  const key = chain.known.get(name) ?? triedKey(tail, type, chain);
  chain.known.set(name, key);
  return key;
}

function triedKey(tail: SortKey, type: string, chain: Chain): SortKey | FhirError {
  try {
    return keyOf(tail, [type], chain);
  } catch (error) {
    if (error instanceof FhirError) return error;
    throw error;
  }
}

const waysOf = ({ into }: SortHop): number => into.reduce((sum, { key }) => sum + 1 + (key.hop ? waysOf(key.hop) : 0), 0);
