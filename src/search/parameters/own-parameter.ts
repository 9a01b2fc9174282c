/**
 * SearchParameter resources that clients post: what can be indexed of them, or why it can't.
 * @see https://hl7.org/fhir/R4/searchparameter.html
 */
import type { SearchParameterDefinition, SearchParamType } from '../../definitions/definitions.ts';
import type { Issue } from '../../model/error.ts';
import { elementLookup } from './elements.ts';
import { type HiddenElements, hiddenElementIn } from './hidden-elements.ts';
import { INDEXABLE_TYPES, isIndexable } from './indexable.ts';
import { compilePaths } from './path.ts';
import { basesOf, type SearchDefinitions, type SearchRegistry } from './registry.ts';

/** What R4's structure says of the resource has been checked before. */
interface SearchParameterResource {
  readonly url?: string;
  readonly status?: string;
  readonly code?: string;
  readonly base?: readonly string[];
  readonly type?: string;
  readonly expression?: string;
  readonly target?: readonly string[];
}

export interface OwnParameterRules {
  readonly definitions: SearchDefinitions;
  /** The registry of the published parameters. */
  readonly builtIn: SearchRegistry;
  /** What the index has no values of; undefined: it sees everything. */
  readonly hidden?: HiddenElements | undefined;
}

const ABSTRACT: readonly string[] = ['Resource', 'DomainResource'];
const CODE = /^[A-Za-z][A-Za-z0-9-]{0,63}$/;
/** Names that mean something else in a query of `$aggregate`. */
const TAKEN: ReadonlySet<string> = new Set(['group', 'sum', 'avg', 'min', 'max']);
/** Compiling costs for each alternative; R4's longest is shorter by far but for one. */
const LONGEST_EXPRESSION = 1_000;

/** True if the resource asks to be registered: an active one, and not a copy of a parameter that is built in. */
export function isRegistered(resource: object, { definitions }: OwnParameterRules): boolean {
  const { status, url } = resource as SearchParameterResource;
  return status === 'active' && !definitions.searchParameters.some((each) => each.url === url);
}

/** The parameter as the registry takes it. Only for one without problems. */
export function definitionOf(resource: object): SearchParameterDefinition {
  const { url = '', code = '', base = [], type, expression, target = [] } = resource as SearchParameterResource;
  return { url, code, base, type: type as SearchParamType, expression, target };
}

/** The types that a parameter applies to. */
export function typesOf({ base }: Pick<SearchParameterDefinition, 'base'>, { resourceTypes }: Pick<SearchDefinitions, 'resourceTypes'>) {
  return resourceTypes.filter((type) => base.some((each) => basesOf(type).has(each)));
}

const problem = (element: string, diagnostics: string): Issue => ({
  severity: 'error',
  code: 'business-rule',
  diagnostics: `SearchParameter.${element}: ${diagnostics}`,
  expression: [`SearchParameter.${element}`],
});

/** Why the parameter can't be registered, each problem with its element; [] if it can. */
export function problemsOf(resource: object, rules: OwnParameterRules): Issue[] {
  const { code = '', base = [], type = '', expression, target = [] } = resource as SearchParameterResource;
  if (!CODE.test(code) || TAKEN.has(code))
    return [problem('code', `"${code}" can't be a parameter's name: up to 64 letters, digits and "-", none of ${[...TAKEN].join(', ')}`)];
  const unknown = base.find((each) => !ABSTRACT.includes(each) && !rules.definitions.resourceTypes.includes(each));
  if (unknown !== undefined) return [problem('base', `"${unknown}" is not a resource type of FHIR R4`)];
  if (!(INDEXABLE_TYPES as readonly string[]).includes(type))
    return [problem('type', `parameters of type "${type}" can't be indexed; allowed: ${INDEXABLE_TYPES.join(', ')}`)];
  if (type === 'reference' && target.length === 0) return [problem('target', 'a reference needs the types that it may lead to')];
  if (expression === undefined) return [problem('expression', 'without an expression there is nothing to index')];
  if (expression.length > LONGEST_EXPRESSION)
    return [problem('expression', `${expression.length} characters are too many; at most ${LONGEST_EXPRESSION}`)];
  const problems = [...takenCodes(code, base, rules), ...expressionProblems(resource, expression, type as SearchParamType, rules)];
  return (problems.length > 0 ? problems : hiddenProblems(resource, rules)).slice(0, 1);
}

/** Why the index can't hold what a parameter without other problems asks for: it would answer, and find nothing. */
export function hiddenProblems(resource: object, { definitions, hidden }: OwnParameterRules): Issue[] {
  if (!hidden) return [];
  const definition = definitionOf(resource);
  const elements = elementLookup(definitions);
  for (const on of typesOf(definition, definitions)) {
    const element = hiddenElementIn(definition.expression ?? '', on, elements, hidden);
    if (element === undefined) continue;
    const why = `of ${on}, it reads ${element}, which field encryption hides from the index: nothing would be found`;
    return [problem('expression', `${why}. Search by a parameter of type token over the Identifier instead`)];
  }
  return [];
}

function takenCodes(code: string, base: readonly string[], { definitions, builtIn }: OwnParameterRules): Issue[] {
  const type = typesOf({ base }, definitions).find((each) => builtIn.parameter(each, code));
  return type === undefined ? [] : [problem('code', `${type} has a parameter "${code}" already`)];
}

function expressionProblems(resource: object, expression: string, type: SearchParamType, { definitions }: OwnParameterRules): Issue[] {
  const elements = elementLookup(definitions);
  const found = new Set<string>();
  for (const on of typesOf(definitionOf(resource), definitions)) {
    try {
      for (const path of compilePaths(expression, on, elements)) found.add(path.type);
    } catch (error) {
      return [problem('expression', `of ${on}: ${error instanceof Error ? error.message : String(error)}`)];
    }
  }
  if ([...found].some((each) => isIndexable(type, each))) return [];
  const what = found.size === 0 ? 'leads to no element of the base types' : `leads to ${[...found].sort().join(', ')}`;
  return [problem('expression', `it ${what}, which a parameter of type ${type} can't index`)];
}
