/**
 * Chains and `_has`: conditions on other resources, which `plan/resolve-chains` turns into conditions on those searched.
 * @see https://hl7.org/fhir/R4/search.html#chaining
 * @see https://hl7.org/fhir/R4/search.html#has
 */
import { FhirError, invalidValue, tooCostly, unsupportedParameter } from '../../model/error.ts';
import type { SearchExpression } from '../expression/expression.ts';
import { EVERYTHING } from '../expression/expression.ts';
import type { CriterionContext } from '../param-types/criterion.ts';
import { compileCriterion } from '../param-types/criterion.ts';
import { anyValuePrefix, parameterKey } from '../parameters/entry-text.ts';
import type { SearchParameter, SearchRegistry } from '../parameters/registry.ts';
import type { ParameterName } from './names.ts';
import { parseName } from './names.ts';
import { splitValue } from './values.ts';

/** What a resource must meet: its own entries, and those of others that it is joined to. */
export interface Criteria {
  readonly where: SearchExpression;
  /** All of them hold. */
  readonly joins: readonly Join[];
}

/** A condition that other resources decide. `name` is as the client wrote it, for errors. */
export type Join =
  /** One chained parameter or `_has`: any of the legs holds. */
  | { readonly kind: 'legs'; readonly name: string; readonly legs: readonly JoinLeg[] }
  /** `_list`: an entry of one of these Lists. */
  | { readonly kind: 'list'; readonly name: string; readonly ids: readonly string[] }
  /** `_filter` with chains in it. */
  | { readonly kind: 'tree'; readonly name: string; readonly tree: CriteriaTree };

/** Criteria under `and`, `or` and `not`. */
export type CriteriaTree =
  | { readonly kind: 'leaf'; readonly criteria: Criteria }
  | { readonly kind: 'and' | 'or'; readonly of: readonly CriteriaTree[] }
  | { readonly kind: 'not'; readonly of: CriteriaTree };

export interface JoinLeg {
  /** `chain`: a resource of type `on` refers to one of type `other`; `has`: one of type `other` refers to it. */
  readonly kind: 'chain' | 'has';
  readonly on: string;
  readonly other: string;
  /** How the reference entries start, up to the type and id: "Observation.subject=". */
  readonly homes: readonly string[];
  /** What `other` must meet. */
  readonly criteria: Criteria;
}

export interface JoinContext extends CriterionContext {
  /** Hops of one chain, `_has` counted; default 5. */
  readonly mostHops?: number;
}

/** Ways that one parameter may go, all hops counted: an untyped chain that has more needs to say which type it means. */
export const MOST_WAYS = 24;

const isReference = (parameter: SearchParameter | undefined): parameter is SearchParameter =>
  parameter?.type === 'reference' && parameter.elementTypes.includes('Reference');

/** Starts of the entries that hold this parameter's references to `target`. */
export function referenceHomes(parameter: SearchParameter, target: string): string[] {
  return parameter.storedAs
    .filter((home) => home.target === undefined || home.target === target)
    .map((home) => anyValuePrefix(parameterKey(parameter.on, home.code)));
}

/** Codes of the parameters of a type that can be followed. */
export function referenceCodes(type: string, registry: SearchRegistry): string[] {
  return registry
    .parametersOf(type)
    .filter(isReference)
    .map(({ code }) => code)
    .sort();
}

/** @throws FhirError 400 that lists the type's reference parameters */
export function referenceParameter(type: string, code: string, registry: SearchRegistry, name: string): SearchParameter {
  const parameter = registry.parameter(type, code);
  if (isReference(parameter)) return parameter;
  const allowed = referenceCodes(type, registry).join(', ') || 'none';
  throw unsupportedParameter(`"${name}": "${code}" is no reference of ${type} that can be followed; allowed: ${allowed}`, name);
}

/** The condition that `name=value` makes: a join, if the name is a chain or `_has`. @throws FhirError 400 */
export function compileCriteria(
  name: ParameterName,
  value: string,
  types: readonly string[],
  context: JoinContext,
  whole = name.text,
  hops = 0,
  known: Known = new Map(),
): Criteria {
  if (name.text === '_list') return { where: EVERYTHING, joins: [{ kind: 'list', name: whole, ids: listIds(value, whole) }] };
  if (name.chain === undefined) return { where: compileCriterion(name, value, types, context), joins: [] };
  const most = context.mostHops ?? 5;
  if (hops >= most) throw invalidValue(`"${whole}": a chain has ${most} hops at most`, whole);
  const tail: Tail = { text: name.chain, value, context, whole, hops: hops + 1, known };
  const legs = name.code === '_has' ? hasLegs(types, tail) : types.flatMap((type) => chainLegs(name, type, tail));
  return { where: EVERYTHING, joins: [{ kind: 'legs', name: whole, legs }] };
}

/** By type and rest of the chain: untyped chains come to the same end on many ways, far too many to work each out anew. */
type Known = Map<string, Criteria | FhirError>;

/** What follows the first hop. */
interface Tail {
  readonly known: Known;
  readonly text: string;
  readonly value: string;
  readonly context: JoinContext;
  readonly whole: string;
  readonly hops: number;
}

/** @throws FhirError 400 */
function criteriaOf(tail: Tail, type: string): Criteria {
  const name = `${type} ${tail.text}`;
  const criteria = tail.known.get(name) ?? compileTail(tail, type);
  tail.known.set(name, criteria);
  if (criteria instanceof FhirError) throw criteria;
  return criteria;
}

function compileTail({ text, value, context, whole, hops, known }: Tail, type: string): Criteria | FhirError {
  try {
    return compileCriteria(parseName(text), value, [type], context, whole, hops, known);
  } catch (error) {
    if (error instanceof FhirError) return error;
    throw error;
  }
}

const waysOf = (legs: readonly JoinLeg[]): number =>
  legs.reduce((sum, { criteria }) => sum + 1 + criteria.joins.reduce((inner, join) => inner + waysOf(legsOf(join)), 0), 0);

const legsOf = (join: Join): readonly JoinLeg[] => (join.kind === 'legs' ? join.legs : []);

const LIST_ID = /^(?:List\/)?([A-Za-z0-9\-.]{1,64})$/;
/** Lists of one `_list`. */
const MOST_LISTS = 10;

/** @throws FhirError 400 for what is no id of a List: R4's functional lists (`$current-problems`) are not kept */
function listIds(value: string, name: string): string[] {
  const values = splitValue(value, ',');
  if (values.length > MOST_LISTS) throw invalidValue(`${name}: at most ${MOST_LISTS} lists, not ${values.length}`, name);
  return values.map((text) => {
    if (text.startsWith('$')) throw unsupportedParameter(`${name}: the list "${text}" is not kept here; give the id of a List`, name);
    const [, id] = LIST_ID.exec(text) ?? [];
    if (id === undefined) throw invalidValue(`${name}: "${text}" is not the id of a List`, name);
    return id;
  });
}

function chainLegs({ code, modifier }: ParameterName, on: string, tail: Tail): JoinLeg[] {
  const { context, whole } = tail;
  const parameter = referenceParameter(on, code, context.registry, whole);
  if (modifier !== undefined && !parameter.targets.includes(modifier))
    throw unsupportedParameter(`"${whole}": ${code} leads to ${parameter.targets.join(', ')}, not to ${modifier}`, whole);
  const targets = modifier === undefined ? parameter.targets : [modifier];
  const legs = meaningfulLegs(targets, tail).map(({ type: other, criteria }) => ({
    kind: 'chain' as const,
    on,
    other,
    homes: referenceHomes(parameter, other),
    criteria,
  }));
  if (waysOf(legs) > MOST_WAYS) throw tooCostly(`"${whole}" may go ${waysOf(legs)} ways; say which types: "${code}:Patient.…"`, whole);
  return legs;
}

/** The types in which the rest of the chain means something. @throws FhirError what the first type says if it is none */
function meaningfulLegs(targets: readonly string[], tail: Tail): { readonly type: string; readonly criteria: Criteria }[] {
  const errors: FhirError[] = [];
  const legs = targets.flatMap((type) => {
    try {
      return [{ type, criteria: criteriaOf(tail, type) }];
    } catch (error) {
      if (!(error instanceof FhirError)) throw error;
      // That there are too many ways is no reason to go fewer.
      if (error.issues.some(({ code }) => code === 'too-costly')) throw error;
      errors.push(error);
      return [];
    }
  });
  // A wrong value says more than a parameter that the type does not have.
  const telling = errors.find(({ issues }) => issues.some(({ code }) => code !== 'not-supported')) ?? errors[0];
  if (legs.length === 0 && telling) throw telling;
  return legs;
}

/** `_has:Observation:patient:code`. */
function hasLegs(types: readonly string[], tail: Tail): JoinLeg[] {
  const { text, whole, context } = tail;
  const [, other, code, rest] = /^([^:]*):([^:]*):(.+)$/.exec(text) ?? [];
  if (other === undefined || code === undefined || rest === undefined)
    throw invalidValue(`"${whole}" must be _has:[type]:[reference parameter]:[parameter]`, whole);
  if (context.registry.parametersOf(other).length === 0) throw unsupportedParameter(`"${whole}": "${other}" is no resource type`, whole);
  const parameter = referenceParameter(other, code, context.registry, whole);
  const criteria = criteriaOf({ ...tail, text: rest }, other);
  const near = types.filter((type) => parameter.targets.includes(type));
  if (near.length === 0)
    throw unsupportedParameter(
      `"${whole}": ${other}.${code} leads to ${parameter.targets.join(', ')}, not to ${types.slice(0, 5).join(', ')}`,
      whole,
    );
  return near.map((on) => ({ kind: 'has', on, other, homes: referenceHomes(parameter, on), criteria }));
}
