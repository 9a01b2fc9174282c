/**
 * The codes of a value set.
 * @see https://hl7.org/fhir/R4/valueset.html#compositions
 */
import { filtered } from './filter.ts';
import { type Hierarchy, hierarchyOf } from './hierarchy.ts';
import type { ComposePart, Contained, TerminologySource, ValueSet } from './resources.ts';
import { Unexpandable } from './unexpandable.ts';

/** System → codes. */
type Codes = Map<string, Set<string>>;

interface ExpansionLimits {
  /** Value sets imported within each other. */
  readonly mostImports: number;
  /** Codes while it is being worked out. */
  readonly mostCodes: number;
}

const LIMITS: ExpansionLimits = { mostImports: 50, mostCodes: 50_000 };

interface Expansion {
  readonly source: TerminologySource;
  readonly limits: ExpansionLimits;
  /** Imports so far, all branches counted. */
  imports: number;
}

function add(codes: Codes, system: string, more: Iterable<string>): void {
  const known = codes.get(system) ?? new Set();
  for (const code of more) known.add(code);
  codes.set(system, known);
}

const sizeOf = (codes: Codes) => [...codes.values()].reduce((sum, { size }) => sum + size, 0);

function union(parts: readonly Codes[], { mostCodes }: ExpansionLimits): Codes {
  const all: Codes = new Map();
  for (const part of parts) {
    for (const [system, codes] of part) add(all, system, codes);
    if (sizeOf(all) > mostCodes) throw new Unexpandable(`has more than ${mostCodes} codes on the way to its own`);
  }
  return all;
}

function intersection(parts: readonly Codes[]): Codes {
  const [first = new Map<string, Set<string>>(), ...rest] = parts;
  return new Map(
    [...first].map(([system, codes]) => [system, new Set([...codes].filter((code) => rest.every((part) => part.get(system)?.has(code))))]),
  );
}

function without(codes: Codes, excluded: Codes): Codes {
  return new Map([...codes].map(([system, all]) => [system, new Set([...all].filter((code) => !excluded.get(system)?.has(code)))]));
}

/** All concepts of a code system. @throws Unexpandable if it is not known, or not with all its codes */
export async function completeSystem(canonical: string, source: TerminologySource): Promise<Hierarchy> {
  const system = await source.codeSystem(canonical);
  if (!system) throw new Unexpandable(`needs the code system ${canonical}, which is not known here`);
  if (system.content !== 'complete') throw new Unexpandable(`needs the code system ${canonical}, whose codes are not all known here`);
  return hierarchyOf(system);
}

/** The codes of a system that a part names: listed ones as they are, so that the system itself need not be known. */
async function ofSystem({ concept, filter = [], version }: ComposePart, system: string, isActiveOnly: boolean, { source }: Expansion) {
  if (concept && filter.length === 0 && !isActiveOnly) return concept.flatMap(({ code }) => code ?? []);
  const hierarchy = await completeSystem(version === undefined ? system : `${system}|${version}`, source);
  const listed = concept ? concept.flatMap(({ code }) => code ?? []) : hierarchy.codes;
  const sets = filter.map((each) => new Set(filtered(hierarchy, each, system)));
  return listed.filter((code) => sets.every((set) => set.has(code)) && !(isActiveOnly && isInactive(hierarchy, code)));
}

/** @see https://hl7.org/fhir/R4/codesystem-concept-properties.html */
function isInactive(hierarchy: Hierarchy, code: string): boolean {
  const [inactive] = hierarchy.values(code, 'inactive');
  return inactive === 'true' || hierarchy.values(code, 'status').some((status) => status === 'retired' || status === 'inactive');
}

async function ofPart(part: ComposePart, isActiveOnly: boolean, path: readonly string[], expansion: Expansion): Promise<Codes> {
  const sets: Codes[] = [];
  if (part.system !== undefined) sets.push(new Map([[part.system, new Set(await ofSystem(part, part.system, isActiveOnly, expansion))]]));
  for (const canonical of part.valueSet ?? []) sets.push(await ofValueSet(canonical, path, expansion));
  return intersection(sets);
}

async function ofParts(
  parts: readonly ComposePart[],
  isActiveOnly: boolean,
  path: readonly string[],
  expansion: Expansion,
): Promise<Codes> {
  const found: Codes[] = [];
  for (const part of parts) found.push(await ofPart(part, isActiveOnly, path, expansion));
  return union(found, expansion.limits);
}

async function ofCompose(
  { include = [], exclude = [], inactive }: NonNullable<ValueSet['compose']>,
  path: readonly string[],
  expansion: Expansion,
) {
  const included = await ofParts(include, inactive === false, path, expansion);
  return exclude.length === 0 ? included : without(included, await ofParts(exclude, false, path, expansion));
}

/** The codes that a stored expansion lists, if it is all of it. */
function ofExpansion({ expansion }: ValueSet): Codes | undefined {
  if (!expansion?.contains) return undefined;
  const codes: Codes = new Map();
  let entries = 0;
  const open: Contained[] = [...expansion.contains];
  for (let next = open.pop(); next; next = open.pop()) {
    entries++;
    if (next.system !== undefined && next.code !== undefined && !next.abstract) add(codes, next.system, [next.code]);
    open.push(...(next.contains ?? []));
  }
  const isWhole = (expansion.offset ?? 0) === 0 && (expansion.total ?? entries) <= entries;
  return isWhole ? codes : undefined;
}

async function ofValueSet(canonical: string, path: readonly string[], expansion: Expansion): Promise<Codes> {
  if (path.includes(canonical)) throw new Unexpandable(`imports itself: ${[...path, canonical].join(' → ')}`);
  if (++expansion.imports > expansion.limits.mostImports)
    throw new Unexpandable(`imports more than ${expansion.limits.mostImports} value sets`);
  const set = await expansion.source.valueSet(canonical);
  if (!set) throw new Unexpandable(path.length === 0 ? 'is not known here' : `imports ${canonical}, which is not known here`);
  try {
    if (set.compose) return await ofCompose(set.compose, [...path, canonical], expansion);
  } catch (error) {
    // What can't be worked out here may have been worked out by whoever stored it.
    const stored = error instanceof Unexpandable ? ofExpansion(set) : undefined;
    if (stored) return stored;
    throw error;
  }
  const stored = ofExpansion(set);
  if (stored) return stored;
  throw new Unexpandable(path.length === 0 ? 'lists no codes' : `imports ${canonical}, which lists no codes`);
}

/**
 * The codes of a value set by its canonical URL. Codes that are only listed need no code system; whole systems and filters
 * need a complete one. Where that is not known, an expansion that is stored with the value set serves, if it is no page.
 * @throws Unexpandable which says why, as the rest of a sentence about the value set
 */
export async function expandValueSet(
  canonical: string,
  source: TerminologySource,
  limits: ExpansionLimits = LIMITS,
): Promise<Readonly<Record<string, readonly string[]>>> {
  const codes = await ofValueSet(canonical, [], { source, limits, imports: 0 });
  return Object.fromEntries([...codes].filter(([, all]) => all.size > 0).map(([system, all]) => [system, [...all]]));
}
