/**
 * Which parameters keep entries of their own. Many of R4's parameters only repeat others: `combo-code` is `code` and
 * `component-code`, `phonetic` is `name`, `patient` is `subject` where it leads to a Patient. Their entries are not stored
 * twice; a search for them looks where the same values are (docs/decisions/003-index-entries.md).
 */
import type { SearchParamType } from '../../definitions/definitions.ts';
import type { ValuePath } from './path.ts';

/** A parameter whose entries answer a search. */
export interface StoredAs {
  readonly code: string;
  /** Only references to this type count. */
  readonly target?: string;
}

interface Candidate {
  readonly code: string;
  readonly type: SearchParamType;
  readonly paths: readonly ValuePath[];
}

const pathText = (path: ValuePath) => JSON.stringify(path);

/** Codes of the stored parameters that together have exactly these paths; undefined if there are none such. */
export function cover(paths: readonly ValuePath[], stored: readonly Candidate[]): string[] | undefined {
  const wanted = new Set(paths.map(pathText));
  const inside = stored.filter((other) => other.paths.length > 0 && other.paths.every((path) => wanted.has(pathText(path))));
  const covered = new Set(inside.flatMap((other) => other.paths.map(pathText)));
  return wanted.size > 0 && covered.size === wanted.size ? inside.map((other) => other.code) : undefined;
}

/** The paths without their last `references` step, and the type that all of those steps name. */
function unrestricted(paths: readonly ValuePath[]): { readonly paths: ValuePath[]; readonly target: string } | undefined {
  const lasts = paths.map((path) => path.steps.at(-1));
  const [first] = lasts;
  if (first?.kind !== 'references' || !lasts.every((last) => last?.kind === 'references' && last.type === first.type)) return undefined;
  return { paths: paths.map((path) => ({ ...path, steps: path.steps.slice(0, -1) })), target: first.type };
}

function homesOfType(candidates: readonly Candidate[], homes: Map<string, readonly StoredAs[]>): void {
  const stored: Candidate[] = [];
  const restricted = candidates.filter((candidate) => unrestricted(candidate.paths));
  const others = candidates.filter((candidate) => !unrestricted(candidate.paths));
  // By code among equals: which of two keeps the entries must not hang on the order of the definitions.
  for (const candidate of others.sort((a, b) => a.paths.length - b.paths.length || (a.code < b.code ? -1 : 1))) {
    const codes = cover(candidate.paths, stored);
    homes.set(
      candidate.code,
      (codes ?? [candidate.code]).map((code) => ({ code })),
    );
    if (!codes) stored.push(candidate);
  }
  for (const candidate of restricted) {
    const narrow = unrestricted(candidate.paths);
    const codes = narrow && cover(narrow.paths, stored);
    homes.set(candidate.code, codes ? codes.map((code) => ({ code, target: narrow.target })) : [{ code: candidate.code }]);
  }
}

/** For each parameter of one resource type, by code: where its entries are. */
export function homeOf(parameters: readonly Candidate[]): ReadonlyMap<string, readonly StoredAs[]> {
  const homes = new Map<string, readonly StoredAs[]>();
  for (const type of new Set(parameters.map((parameter) => parameter.type))) {
    homesOfType(
      parameters.filter((parameter) => parameter.type === type),
      homes,
    );
  }
  return homes;
}
