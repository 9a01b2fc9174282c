/**
 * The codes of one code system and what is below what: by nesting, and by the properties `parent`, `subsumedBy` and `child`,
 * which let a concept have several parents.
 * @see https://hl7.org/fhir/R4/codesystem.html#hierarchy
 */
import type { CodeSystem, Concept, ConceptProperty } from './resources.ts';

export interface Hierarchy {
  readonly codes: readonly string[];
  has(code: string): boolean;
  /** The code as the system writes it, whatever its case; undefined if the system has none such. */
  spelled(code: string): string | undefined;
  /** Without the code itself, each once. */
  below(code: string): readonly string[];
  above(code: string): readonly string[];
  /** Values of a concept's property as texts; `display`, `parent` and `child` among them. */
  values(code: string, property: string): readonly string[];
}

/** Properties by which a concept names its parents. */
const PARENTS = new Set(['parent', 'subsumedBy']);

type Links = Map<string, Set<string>>;

const link = (links: Links, from: string, to: string) => void (links.get(from)?.add(to) ?? links.set(from, new Set([to])));

/** The value of a property: of whatever type, a Coding by its code. */
function textOf(property: ConceptProperty): string | undefined {
  const name = Object.keys(property).find((member) => member.startsWith('value')) as `value${string}` | undefined;
  const value = name && property[name];
  if (typeof value === 'object' && value !== null) return (value as { code?: string }).code;
  return value === undefined ? undefined : String(value);
}

/** Everything that can be reached over the links; circles end where they began. */
function reached(links: Links, from: string): string[] {
  const found = new Set<string>();
  const open = [...(links.get(from) ?? [])];
  for (let code = open.pop(); code !== undefined; code = open.pop()) {
    if (found.has(code) || code === from) continue;
    found.add(code);
    open.push(...(links.get(code) ?? []));
  }
  return [...found];
}

/** Reads a code system once; about 1 µs a concept. */
export function hierarchyOf({ concept = [] }: Pick<CodeSystem, 'concept'>): Hierarchy {
  const concepts = new Map<string, Concept>();
  const [parents, children]: [Links, Links] = [new Map(), new Map()];
  const join = (parent: string, child: string) => {
    link(children, parent, child);
    link(parents, child, parent);
  };
  const open: { readonly concept: Concept; readonly parent?: string }[] = concept.map((each) => ({ concept: each }));
  for (let next = open.pop(); next; next = open.pop()) {
    const { code, property = [], concept: nested = [] } = next.concept;
    if (code === undefined) continue;
    concepts.set(code, next.concept);
    if (next.parent !== undefined) join(next.parent, code);
    for (const each of property) {
      const other = textOf(each);
      if (other === undefined) continue;
      if (PARENTS.has(each.code ?? '')) join(other, code);
      else if (each.code === 'child') join(code, other);
    }
    for (const below of nested) open.push({ concept: below, parent: code });
  }
  const codes = [...concepts.keys()];
  const folded = new Map(codes.map((code) => [code.toLowerCase(), code]));
  return {
    codes,
    has: (code) => concepts.has(code),
    spelled: (code) => (concepts.has(code) ? code : folded.get(code.toLowerCase())),
    below: (code) => reached(children, code).filter((each) => concepts.has(each)),
    above: (code) => reached(parents, code).filter((each) => concepts.has(each)),
    values(code, property) {
      if (PARENTS.has(property)) return [...(parents.get(code) ?? [])];
      if (property === 'child') return [...(children.get(code) ?? [])];
      const own = concepts.get(code);
      if (property === 'display') return own?.display === undefined ? [] : [own.display];
      return (own?.property ?? []).filter((each) => each.code === property).flatMap((each) => textOf(each) ?? []);
    },
  };
}
