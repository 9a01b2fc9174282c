/**
 * Compiles the FHIRPath of a search parameter, for one type, to the places in plain JSON where its values are.
 *
 * Over R4's 1,378 parameters five kinds of step are enough: a field, `ofType`/`as` on a choice element (which only names
 * another JSON field), `where(x='y')`, `where(resolve() is T)` and `[n]`. The one boolean expression (`Patient.deceased`) has
 * a step of its own. Types are followed statically, so a choice element without `ofType` becomes one path per type.
 *
 * @see https://hl7.org/fhir/R4/searchparameter-registry.html
 */
import { unreachable } from '../../model/unreachable.ts';
import type { PathTokens } from './path-tokens.ts';
import { tokenise } from './path-tokens.ts';

/** What an element may hold. A backbone element's type is its own path: "Observation.component". */
interface ElementShape {
  readonly types: readonly string[];
  /** `value[x]`: its JSON field is the name followed by the type. */
  readonly isChoice: boolean;
  /** Name of the code set that its codes are bound to. */
  readonly codes?: string;
}

/** The shape of an element of a type: ("Observation", "value"), ("Observation.component", "code"), ("Period", "start"). */
export type ElementLookup = (type: string, element: string) => ElementShape | undefined;

export type PathStep =
  /** All items of this JSON field; with an index only that item. */
  | { readonly kind: 'field'; readonly name: string; readonly index?: number }
  /** Only nodes whose field has this value. */
  | { readonly kind: 'where'; readonly field: string; readonly value: string }
  /** Only references to this type, read from the reference itself: nothing is fetched. */
  | { readonly kind: 'references'; readonly type: string }
  /** One boolean: some field of these is there and not false. */
  | { readonly kind: 'existsAndNotFalse'; readonly names: readonly string[] };

/** Where values of one FHIR type are. */
export interface ValuePath {
  readonly steps: readonly PathStep[];
  /** "CodeableConcept", "date", …; for a whole inline resource "Resource". */
  readonly type: string;
  /** Name of the code set that says which systems the codes imply. */
  readonly codes?: string;
}

/** A path in the making: a choice element waits for `ofType` or for the next step. */
interface Draft extends ValuePath {
  readonly choice?: { readonly element: string; readonly types: readonly string[] };
}

const capitalised = (name: string) => name.charAt(0).toUpperCase() + name.slice(1);
const choiceField = (element: string, type: string) => element + capitalised(type);

function fieldStep(draft: ValuePath, name: string, type: string): Draft {
  return { steps: [...draft.steps, { kind: 'field', name }], type };
}

function settle(draft: Draft): Draft[] {
  const { choice } = draft;
  return choice ? choice.types.map((type) => fieldStep(draft, choiceField(choice.element, type), type)) : [draft];
}

/**
 * The paths of the alternatives of `expression` that apply to `type`; [] if none does.
 * @throws Error if the expression is not of the five kinds or names an element that isn't there
 */
export function compilePaths(expression: string, type: string, elements: ElementLookup): ValuePath[] {
  const tokens = tokenise(expression);
  const paths = union(tokens, type, elements).flatMap(settle);
  if (!tokens.isAtEnd()) throw new Error(`search path ${expression}: ${tokens.peek()} was not expected`);
  return [...new Map(paths.map((path) => [JSON.stringify(path), path])).values()];
}

function union(tokens: PathTokens, type: string, elements: ElementLookup): Draft[] {
  const drafts = path(tokens, type, elements);
  while (tokens.takeIf('|')) drafts.push(...path(tokens, type, elements));
  return drafts;
}

function path(tokens: PathTokens, type: string, elements: ElementLookup): Draft[] {
  let drafts = root(tokens, type, elements);
  for (;;) {
    if (tokens.takeIf('.')) drafts = call(tokens, tokens.take(), drafts, elements);
    else if (tokens.takeIf('[')) drafts = item(tokens, drafts);
    else if (tokens.takeIf('as')) drafts = ofType(drafts, tokens.take());
    else if (tokens.takeIf('and')) return existsAndNotFalse(tokens, drafts);
    else return drafts;
  }
}

function root(tokens: PathTokens, type: string, elements: ElementLookup): Draft[] {
  if (tokens.takeIf('(')) {
    const inner = union(tokens, type, elements);
    tokens.expect(')');
    return inner;
  }
  const name = tokens.take();
  const self: Draft = { steps: [], type };
  if (name === type || name === 'Resource' || name === 'DomainResource' || name === '$this') return [self];
  return /^[A-Z]/.test(name) ? [] : field([self], name, elements);
}

function call(tokens: PathTokens, name: string, drafts: Draft[], elements: ElementLookup): Draft[] {
  if (!tokens.takeIf('(')) return field(drafts, name, elements);
  switch (name) {
    case 'ofType':
    case 'as': {
      const type = tokens.take();
      tokens.expect(')');
      return ofType(drafts, type);
    }
    case 'where':
      return where(tokens, drafts);
    case 'exists':
      tokens.expect(')');
      return drafts;
    default:
      throw new Error(`search path: the function ${name} is not known`);
  }
}

/** The element in every type that has it: of `value[x]` only some do. */
function field(drafts: readonly Draft[], name: string, elements: ElementLookup): Draft[] {
  const settled = drafts.flatMap(settle);
  const found = settled.flatMap((draft) => elementOf(draft, name, elements));
  if (settled.length > 0 && found.length === 0) throw new Error(`search path: ${settled[0]?.type} has no element ${name}`);
  return found;
}

function elementOf(draft: Draft, name: string, elements: ElementLookup): Draft[] {
  const shape = elements(draft.type, name);
  if (!shape) return choiceByField(draft, name, elements);
  if (shape.isChoice) return [{ ...draft, choice: { element: name, types: shape.types } }];
  return shape.types.map((type) => ({ ...fieldStep(draft, name, type), ...(type === 'code' && { codes: shape.codes }) }));
}

/** US Core names the JSON field: `valueDateTime`. */
function choiceByField(draft: Draft, name: string, elements: ElementLookup): Draft[] {
  const element = /^[a-z]+/.exec(name)?.[0] ?? name;
  const shape = elements(draft.type, element);
  const type = shape?.isChoice ? shape.types.find((each) => choiceField(element, each) === name) : undefined;
  return type === undefined ? [] : [fieldStep(draft, name, type)];
}

/** R4 writes `ofType(DateTime)` once, so case is ignored. */
function ofType(drafts: readonly Draft[], wanted: string): Draft[] {
  const isWanted = (type: string) => type.toLowerCase() === wanted.toLowerCase();
  return drafts.flatMap(settle).filter((draft) => isWanted(draft.type));
}

function item(tokens: PathTokens, drafts: readonly Draft[]): Draft[] {
  const index = Number(tokens.take());
  tokens.expect(']');
  return drafts.flatMap(settle).map((draft) => {
    const last = draft.steps.at(-1);
    if (last?.kind !== 'field') throw new Error('search path: [n] must follow a field');
    return { ...draft, steps: [...draft.steps.slice(0, -1), { ...last, index }] };
  });
}

function where(tokens: PathTokens, drafts: readonly Draft[]): Draft[] {
  const name = tokens.take();
  const step = name === 'resolve' ? referencesStep(tokens) : whereStep(tokens, name);
  tokens.expect(')');
  const settled = drafts.flatMap(settle);
  const kept = step.kind === 'references' ? settled.filter((draft) => draft.type === 'Reference') : settled;
  return kept.map((draft) => ({ ...draft, steps: [...draft.steps, step] }));
}

function referencesStep(tokens: PathTokens): PathStep {
  tokens.expect('(');
  tokens.expect(')');
  tokens.expect('is');
  return { kind: 'references', type: tokens.take() };
}

function whereStep(tokens: PathTokens, name: string): PathStep {
  tokens.expect('=');
  return { kind: 'where', field: name, value: tokens.take().slice(1, -1) };
}

/** The rest of `X.exists() and X != false`. */
function existsAndNotFalse(tokens: PathTokens, drafts: readonly Draft[]): Draft[] {
  while (!tokens.takeIf('!=')) tokens.take();
  tokens.expect('false');
  const settled = drafts.flatMap(settle);
  const names = settled.map((draft) => draft.steps.at(-1)).flatMap((step) => (step?.kind === 'field' ? [step.name] : []));
  const steps = settled[0]?.steps.slice(0, -1) ?? [];
  return settled.length === 0 ? [] : [{ steps: [...steps, { kind: 'existsAndNotFalse', names }], type: 'boolean' }];
}

/** Adds the values below `node` to `out`; null items are left out. */
export type PathReader = (node: unknown, out: unknown[]) => void;

type JsonObject = Readonly<Record<string, unknown>>;

/** The steps as one function over plain JSON. Tolerates nodes of the wrong shape: they have no values. */
export function compileReader(steps: readonly PathStep[]): PathReader {
  return steps.reduceRight<PathReader>(readStep, (node, out) => out.push(node));
}

function readStep(next: PathReader, step: PathStep): PathReader {
  switch (step.kind) {
    case 'field':
      return readField(next, step.name, step.index);
    case 'where':
      return (node, out) => (node as JsonObject)[step.field] === step.value && next(node, out);
    case 'references':
      return (node, out) => referencedType(node) === step.type && next(node, out);
    case 'existsAndNotFalse':
      return (node, out) =>
        next(
          step.names.some((name) => ((node as JsonObject)[name] ?? false) !== false),
          out,
        );
    default:
      return unreachable(step);
  }
}

function readField(next: PathReader, name: string, index: number | undefined): PathReader {
  return (node, out) => {
    const value = (node as JsonObject)[name];
    if (value === undefined || value === null) return;
    if (!Array.isArray(value)) return next(value, out);
    if (index !== undefined) return value[index] === undefined || value[index] === null ? undefined : next(value[index], out);
    for (const each of value) if (each !== null) next(each, out);
  };
}

const LITERAL = /(?:^|\/)([A-Z][A-Za-z]+)\/[A-Za-z0-9\-.]{1,64}(?:\/_history\/[A-Za-z0-9\-.]{1,64})?$/;

/** The type that a Reference names: the one in its URL; undefined if it has no literal reference or one that isn't RESTful. */
function referencedType(reference: unknown): string | undefined {
  const literal = (reference as JsonObject).reference;
  return typeof literal === 'string' ? LITERAL.exec(literal)?.[1] : undefined;
}
