/**
 * Composite parameters: values that belong together because *one* element holds them.
 *
 * Where the resource has that element at most once (`Observation.code` and `.value`), the components' own parameters say as
 * much and nothing further is stored. Where it repeats, the entries of the last component are kept under keys that hold the
 * first: `Observation.combo-code-value-quantity$=http://loinc.org|8480-6`. Docs: decisions/003-index-entries.md, point 10.
 * @see https://hl7.org/fhir/R4/search.html#composite
 */
import type { Definitions, SearchParameterDefinition, SearchParamType } from '../../definitions/definitions.ts';
import { elementLookup } from './elements.ts';
import type { ValuePath } from './path.ts';
import { compilePaths } from './path.ts';
import { isSinglePath } from './single.ts';

/** A part of a composite, its paths from the element that holds all parts. */
export interface CompositeComponent {
  readonly code: string;
  readonly type: SearchParamType;
  readonly targets: readonly string[];
  readonly paths: readonly ValuePath[];
}

/** One way for a resource to hold the parts together; a composite has one or several. */
export type CompositeWay =
  /** All parts are there at most once: the parameters of these codes, in order. */
  | { readonly kind: 'single'; readonly codes: readonly string[] }
  /** A repeating element with a token and one more part. `token`: a parameter of the whole resource that finds the token too. */
  | {
      readonly kind: 'element';
      readonly storedAs: string;
      readonly root: ValuePath;
      readonly components: readonly CompositeComponent[];
      readonly token?: string;
    }
  /** A parameter of the whole resource, and a repeating element with two numbers: kept as the ends of one range. */
  | {
      readonly kind: 'span';
      readonly storedAs: string;
      readonly shared: string;
      readonly root: ValuePath;
      readonly ends: readonly CompositeComponent[];
    };

/** What a parameter offers to composites. */
interface Plain {
  readonly code: string;
  readonly type: SearchParamType;
  readonly paths: readonly ValuePath[];
}

type Types = Pick<Definitions, 'types' | 'searchParameters'>;

const WHOLE_RESOURCE = '%resource.';

const below = (root: ValuePath, path: ValuePath): ValuePath => ({ ...path, steps: [...root.steps, ...path.steps] });

/** The parameters that find these paths, those that find the least else first. */
function plainsFor(paths: readonly ValuePath[], type: SearchParamType, plains: readonly Plain[]): readonly Plain[] {
  const wanted = paths.map((path) => JSON.stringify(path));
  const fitting = plains.filter((plain) => {
    const has = new Set(plain.paths.map((path) => JSON.stringify(path)));
    return plain.type === type && wanted.every((path) => has.has(path));
  });
  return fitting.sort((a, b) => a.paths.length - b.paths.length);
}

interface Compiled {
  readonly component: CompositeComponent;
  /** The parameter that finds the part in the whole resource, which can hold it only once. */
  readonly single?: string;
  /** The parameter that finds the part wherever the resource holds it. */
  readonly anywhere?: string;
  readonly isShared: boolean;
}

/** R4 swaps the definitions of the parts of `DocumentReference.relationship`: one that finds other elements gives way. */
function definitionOf(url: string, paths: readonly ValuePath[], on: string, plains: readonly Plain[], definitions: Types) {
  const wanted = paths.map((path) => JSON.stringify(path));
  const finds = (plain: Plain) => plain.paths.some((path) => wanted.includes(JSON.stringify(path)));
  const named = definitions.searchParameters.find((each) => each.url === url);
  if (plains.some((plain) => plain.code === named?.code && finds(plain))) return named;
  const other = plains.find(finds)?.code;
  return definitions.searchParameters.find((each) => each.code === other && each.base.includes(on)) ?? named;
}

function compileComponent(
  { definition: url, expression }: NonNullable<SearchParameterDefinition['component']>[number],
  root: ValuePath,
  on: string,
  plains: readonly Plain[],
  definitions: Types,
): Compiled | undefined {
  const isShared = expression.startsWith(WHOLE_RESOURCE);
  const text = isShared ? expression.slice(WHOLE_RESOURCE.length) : expression;
  const paths = compilePaths(text, isShared ? on : root.type, elementLookup(definitions));
  const whole = isShared ? paths : paths.map((path) => below(root, path));
  const definition = definitionOf(url, whole, on, plains, definitions);
  if (!definition) return undefined;
  const { code, type, target: targets = [] } = definition;
  const fitting = plainsFor(whole, type, plains);
  const single = fitting.find((plain) => plain.paths.every((path) => isSinglePath(on, path, definitions.types)))?.code;
  const anywhere = fitting[0]?.code;
  return { component: { code, type, targets, paths }, isShared, ...(single && { single }), ...(anywhere && { anywhere }) };
}

function wayOf(parts: readonly Compiled[], root: ValuePath, storedAs: string): CompositeWay | undefined {
  if (parts.every((part) => part.single !== undefined)) return { kind: 'single', codes: parts.flatMap((part) => part.single ?? []) };
  const [first, ...others] = parts;
  if (!first || others.some((part) => part.isShared)) return undefined;
  const rest = others.map((part) => part.component);
  if (!first.isShared && rest.length === 1 && first.component.type === 'token')
    return { kind: 'element', storedAs, root, components: [first.component, ...rest], ...(first.anywhere && { token: first.anywhere }) };
  const areNumbers = rest.length === 2 && rest.every((part) => part.type === 'number');
  if (first.single === undefined || !areNumbers) return undefined;
  return { kind: 'span', storedAs, shared: first.single, root, ends: rest };
}

/**
 * How resources of type `on` can hold the parts of a composite; [] if the definition isn't of a form that can be compiled.
 * `plains` are the type's other parameters.
 */
export function compositeWays(
  definition: SearchParameterDefinition,
  on: string,
  plains: readonly Plain[],
  definitions: Types,
): readonly CompositeWay[] {
  const { component: components = [], expression = '', code } = definition;
  const ways = compilePaths(expression, on, elementLookup(definitions)).map((root) => {
    const parts = components.map((component) => compileComponent(component, root, on, plains, definitions));
    return parts.some((part) => part === undefined) ? undefined : wayOf(parts as Compiled[], root, code);
  });
  return ways.some((way) => way === undefined) ? [] : (ways as CompositeWay[]);
}

/** What is stored for a way, but for its name. */
const contentOf = (way: CompositeWay) => JSON.stringify(way, (name, value) => (name === 'storedAs' || name === 'code' ? undefined : value));

/** The same entries are stored once: ways of equal content get the name of the first. */
export function shareWays(composites: ReadonlyMap<string, readonly CompositeWay[]>): ReadonlyMap<string, readonly CompositeWay[]> {
  const names = new Map<string, string>();
  const shared = (way: CompositeWay): CompositeWay => {
    if (way.kind === 'single') return way;
    const content = contentOf(way);
    const storedAs = names.get(content) ?? way.storedAs;
    names.set(content, storedAs);
    return { ...way, storedAs };
  };
  return new Map([...composites].sort(([a], [b]) => (a < b ? -1 : 1)).map(([code, ways]) => [code, ways.map(shared)]));
}
