/**
 * What a search needs to know of value sets and code systems, found out before it is parsed: meaning is decided without
 * waiting, stored resources are not to be had without.
 */
import type { GuardedStore } from '../access/guarded-store.ts';
import { invalidValue } from '../model/error.ts';
import { createRecentValues } from '../model/recent-values.ts';
import { printExpression } from '../search/expression/print.ts';
import type { SearchRegistry } from '../search/parameters/registry.ts';
import type { Narrow } from '../search/plan/apply-access.ts';
import { simplify } from '../search/plan/simplify.ts';
import { splitValue, unescapeValue } from '../search/request/values.ts';
import type { KnownCodes, Vocabulary } from '../search/request/vocabulary.ts';
import { completeSystem, expandValueSet } from './expand.ts';
import type { Hierarchy } from './hierarchy.ts';
import { publishedTerminology } from './published.ts';
import type { TerminologySource } from './resources.ts';
import { eitherOf, storedTerminology } from './stored.ts';
import { Unexpandable } from './unexpandable.ts';

type Pairs = readonly (readonly [string, string])[];

/** Finds out what these parameters ask for, within what the caller may search. @throws FhirError 400 if that is too much */
export type FindVocabulary = (pairs: Pairs, narrow: Narrow) => Promise<Vocabulary>;

interface VocabularySources {
  readonly search: GuardedStore['search'];
  readonly registry: SearchRegistry;
  /** R4's own resources; called once, when first needed. */
  readonly loadPublished: () => readonly object[];
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** Value sets and codes with their systems that one search may name. */
const MOST_NAMED = 10;
/** How long a stored resource may have changed without being noticed; milliseconds. */
const KEPT_MS = 5_000;
const MOST_KEPT = 64;

const VOCABULARY = /:(in|not-in|above|below)$/;

/** True if a parameter asks for a value set, or for codes above or below one. */
export const asksForVocabulary = (pairs: Pairs) => pairs.some(([name]) => VOCABULARY.test(name));

interface Named {
  readonly valueSets: ReadonlySet<string>;
  readonly systems: ReadonlySet<string>;
}

/** Whether the parameter is a token is not known yet: what a uri's `:below` names is looked up in vain. */
function namedBy(pairs: Pairs): Named {
  const [valueSets, systems] = [new Set<string>(), new Set<string>()];
  for (const [name, value] of pairs) {
    const modifier = VOCABULARY.exec(name)?.[1];
    if (modifier === undefined) continue;
    for (const raw of splitValue(value, ',')) {
      const [system = '', code] = splitValue(raw, '|');
      if (modifier === 'in' || modifier === 'not-in') valueSets.add(unescapeValue(raw));
      else if (code !== undefined && system !== '') systems.add(unescapeValue(system));
    }
  }
  if (valueSets.size + systems.size > MOST_NAMED)
    throw invalidValue(`a search may name ${MOST_NAMED} value sets and code systems, not ${valueSets.size + systems.size}`);
  return { valueSets, systems };
}

async function outcomeOf<T>(work: Promise<T>): Promise<T | Unexpandable> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof Unexpandable) return error;
    throw error;
  }
}

function related(hierarchy: Hierarchy | Unexpandable | undefined, direction: 'above' | 'below', system: string, code: string): KnownCodes {
  if (!hierarchy || hierarchy instanceof Unexpandable) return { why: 'is not known here with all its codes' };
  const own = hierarchy.spelled(code);
  if (own === undefined) return { why: `has no code "${code}"` };
  return { codes: { [system]: [own, ...hierarchy[direction](own)] } };
}

/** Looks into R4's own resources first, whose meaning nobody may change, then into the store. */
export function createVocabulary({ search, registry, loadPublished, now }: VocabularySources): FindVocabulary {
  const published = publishedTerminology(loadPublished);
  const kept = createRecentValues<{ readonly at: number; readonly value: Promise<unknown> }>(MOST_KEPT);

  /** The same for callers who see the same, for a few seconds. */
  function remembered<T>(key: string, work: () => Promise<T>): Promise<T> {
    const known = kept.get(key);
    if (known && now() - known.at < KEPT_MS) return known.value as Promise<T>;
    const value = work();
    kept.set(key, { at: now(), value });
    // What is not known yet may be stored the moment after.
    value.then(
      (outcome) => outcome instanceof Unexpandable && kept.delete(key),
      () => kept.delete(key),
    );
    return value;
  }

  return async (pairs, narrow) => {
    const { valueSets, systems } = namedBy(pairs);
    const seen = ['ValueSet', 'CodeSystem'].map((type) => printExpression(simplify(narrow(type)))).join(' ');
    const source: TerminologySource = eitherOf([published, storedTerminology(search, registry, narrow)]);
    const expansions = new Map<string, KnownCodes>();
    for (const url of valueSets) {
      const codes = await remembered(`${seen} set ${url}`, () => outcomeOf(expandValueSet(url, source)));
      expansions.set(url, codes instanceof Unexpandable ? { why: codes.message } : { codes });
    }
    const hierarchies = new Map<string, Hierarchy | Unexpandable>();
    for (const url of systems)
      hierarchies.set(url, await remembered(`${seen} system ${url}`, () => outcomeOf(completeSystem(url, source))));
    return {
      valueSet: (url) => expansions.get(url) ?? { why: 'is not known here' },
      related: (direction, system, code) => related(hierarchies.get(system), direction, system, code),
    };
  };
}
