/** One parameter of a search, name and value, to its expression: modifiers, alternatives, types. */
import { invalidValue, unsupportedParameter } from '../../model/error.ts';
import type { SearchExpression } from '../expression/expression.ts';
import { NOTHING, not, or } from '../expression/expression.ts';
import { isFullText } from '../parameters/extract/words.ts';
import type { SearchParameter, SearchRegistry } from '../parameters/registry.ts';
import type { ParameterName } from '../request/names.ts';
import { splitValue, unescapeValue } from '../request/values.ts';
import type { Vocabulary } from '../request/vocabulary.ts';
import { compositeExpression } from './composite.ts';
import { dateExpression, overlapExpression, updatedExpression } from './date.ts';
import { type FilterOperator, plainCriterion } from './filter-operator.ts';
import { missingExpression } from './missing.ts';
import { nearExpression } from './near.ts';
import { numberExpression } from './number.ts';
import { quantityExpression } from './quantity.ts';
import { referenceExpression } from './reference.ts';
import { stringExpression } from './string.ts';
import { idExpression, tokenExpression } from './token.ts';
import {
  inExpression,
  ofTypeExpression,
  referenceIdentifiers,
  relatedExpression,
  tokenModifiers,
  tokenTextExpression,
} from './token-modifiers.ts';
import { uriExpression } from './uri.ts';
import { wordsExpression } from './words.ts';

/** What the meaning of a value may depend on. */
export interface CriterionContext {
  /** Alternatives of one parameter; default 1,000. */
  readonly mostAlternatives?: number;
  readonly registry: SearchRegistry;
  readonly baseUrl: string;
  readonly now: () => number;
  /** What is known of the value sets and code systems that the search names; without it, what R4 binds elements to. */
  readonly vocabulary?: Vocabulary | undefined;
  /** Of `_filter`: how values compare; `isFilter` once that is worked out. */
  readonly operator?: FilterOperator;
  readonly isFilter?: true;
}

/** One alternative of a parameter's value, for one type. */
export interface CriterionValue {
  readonly parameter: SearchParameter;
  /** As the client wrote it, for errors: "code:not". */
  readonly name: string;
  /** Undefined for those that are handled here (`missing`, `not`); `not-in` arrives as `in`. */
  readonly modifier?: string;
  /** Still escaped, for values that have parts. */
  readonly raw: string;
  readonly text: string;
  readonly context: CriterionContext;
}

/** Alternatives of one parameter, where nothing else is said: enough for a page of ids, not for an attack. */
const MOST_ALTERNATIVES = 1000;

type Express = (value: CriterionValue) => SearchExpression;

interface Meaning {
  readonly express: Express;
  readonly modifiers: readonly string[] | ((parameter: SearchParameter) => readonly string[]);
}

/** Modifiers that make a token or a reference mean something else. */
const MODIFIED: Readonly<Record<string, Express>> = {
  'string:whole': stringExpression,
  'string:end': stringExpression,
  'date:overlap': overlapExpression,
  'token:text': tokenTextExpression,
  'token:of-type': ofTypeExpression,
  'token:in': inExpression,
  'token:above': relatedExpression,
  'token:below': relatedExpression,
  'reference:identifier': (value) => tokenExpression({ ...value, modifier: undefined, parameter: referenceIdentifiers(value.parameter) }),
};

/** Modifiers that are the complement of another. */
const COMPLEMENTS: Readonly<Record<string, { readonly of?: string }>> = { not: {}, 'not-in': { of: 'in' } };

/** What each parameter type means and the modifiers that it takes. Those of R4 that are not here are refused by name. */
const MEANINGS: Readonly<Record<string, Meaning>> = {
  token: { express: tokenExpression, modifiers: tokenModifiers },
  string: { express: stringExpression, modifiers: ['missing', 'exact', 'contains'] },
  reference: { express: referenceExpression, modifiers: ['missing', 'identifier'] },
  date: { express: dateExpression, modifiers: ['missing'] },
  number: { express: numberExpression, modifiers: ['missing'] },
  quantity: { express: quantityExpression, modifiers: ['missing'] },
  uri: { express: uriExpression, modifiers: ['missing', 'below', 'above'] },
  special: { express: nearExpression, modifiers: ['missing'] },
  composite: { express: (value) => compositeExpression(value, expressValue), modifiers: [] },
};

/** What a name means whatever its type. The first two are kept outside the entries, so neither can be missing. */
const BY_NAME: Readonly<Record<string, Meaning>> = {
  _id: { express: idExpression, modifiers: ['not'] },
  _lastUpdated: { express: updatedExpression, modifiers: [] },
  _text: { express: wordsExpression, modifiers: [] },
  _content: { express: wordsExpression, modifiers: [] },
};

const meaningOf = (parameter: SearchParameter) => BY_NAME[parameter.code] ?? MEANINGS[parameter.type];

/** The meaning of one alternative, by the type of its parameter. */
function expressValue(value: CriterionValue): SearchExpression {
  // As the start of a text it would find all there are, and a conditional delete would take them.
  if (value.raw === '') throw invalidValue(`${value.name}: a value is missing`, value.name);
  const modified = MODIFIED[`${value.parameter.type}:${value.modifier}`];
  return (modified ?? meaningOf(value.parameter)?.express)?.(value) ?? NOTHING;
}

function modifiersOf(parameter: SearchParameter): readonly string[] {
  const modifiers = meaningOf(parameter)?.modifiers ?? [];
  return typeof modifiers === 'function' ? modifiers(parameter) : modifiers;
}

const hasEntries = ({ code, paths, ways }: SearchParameter) =>
  paths.length > 0 || (ways !== undefined && ways.length > 0) || isFullText(code);

/** True if a search may use this parameter. */
export const isSearchable = (parameter: SearchParameter) => hasEntries(parameter) && meaningOf(parameter) !== undefined;

/** Codes that can be searched in all of these types. */
export function searchableCodes(types: readonly string[], registry: SearchRegistry): string[] {
  const [first = ''] = types;
  return registry.codesOf(first).filter((code) => types.every((type) => isSearchableIn(type, code, registry)));
}

function isSearchableIn(type: string, code: string, registry: SearchRegistry): boolean {
  const parameter = registry.parameter(type, code);
  return parameter !== undefined && isSearchable(parameter);
}

/** R4's names that have no SearchParameter, or none that can be compiled. */
const NOT_YET = new Set(['_include', '_revinclude', '_has', '_query', '_contained', '_containedType']);

function parameterOf(name: ParameterName, type: string, types: readonly string[], registry: SearchRegistry): SearchParameter {
  const parameter = registry.parameter(type, name.code);
  if (parameter && isSearchable(parameter)) return parameter;
  if (isFullText(name.code) && !parameter) throw unsupportedParameter(fullTextIsOff(name.code, type), name.text);
  const allowed = searchableCodes(types, registry).join(', ');
  const what = parameter || NOT_YET.has(name.code) ? 'is not supported yet' : `is not known for ${type}`;
  throw unsupportedParameter(`the search parameter "${name.text}" ${what}; allowed: ${allowed}`, name.text);
}

const fullTextIsOff = (code: string, type: string) =>
  `"${code}" is not offered for ${type}: words are indexed when the server is started with --full-text ${code === '_text' ? '"text" or ' : ''}"all"`;

const IN_FILTERS = ['whole', 'end', 'overlap'];

/** `path operator value` of a filter, in the words of a plain search. */
function compileComparison(
  name: ParameterName,
  value: string,
  types: readonly string[],
  context: CriterionContext,
  operator: FilterOperator,
): SearchExpression {
  const [first] = types.map((type) => parameterOf(name, type, types, context.registry));
  const { modifier = name.modifier, value: plain, isComplement } = plainCriterion(operator, value, first?.type ?? '', name.code);
  const { operator: _done, ...rest } = context;
  const found = compileCriterion({ ...name, ...(modifier !== undefined && { modifier }) }, plain, types, { ...rest, isFilter: true });
  return isComplement ? not(found) : found;
}

function checkModifier({ text, modifier }: ParameterName, parameter: SearchParameter, isFilter = false): void {
  if (isFilter && IN_FILTERS.includes(modifier ?? '')) return;
  const allowed = modifiersOf(parameter);
  const isTypeName = parameter.type === 'reference' && /^[A-Z]/.test(modifier ?? '');
  if (modifier === undefined || isTypeName || allowed.includes(modifier)) return;
  const list = allowed.length > 0 ? allowed.map((each) => `:${each}`).join(', ') : 'none';
  throw unsupportedParameter(`the modifier :${modifier} of "${parameter.code}" is not supported; allowed: ${list}`, text);
}

function checkChain({ text, chain }: ParameterName): void {
  if (chain !== undefined) throw unsupportedParameter(`chained parameters and _has are not supported yet: "${text}"`, text);
}

/**
 * What `name=value` means for resources of these types. Alternatives between commas are or-ed; `:not` is the complement of
 * all of them, a resource without the element included.
 * @throws FhirError 400 `not-supported` for an unknown name, modifier or chain, `value` for a wrong value
 */
export function compileCriterion(
  name: ParameterName,
  value: string,
  types: readonly string[],
  context: CriterionContext,
): SearchExpression {
  checkChain(name);
  if (context.operator !== undefined) return compileComparison(name, value, types, context, context.operator);
  const parameters = types.map((type) => parameterOf(name, type, types, context.registry));
  for (const parameter of parameters) checkModifier(name, parameter, context.isFilter);
  if (name.modifier === 'missing') return missingExpression(parameters, value, name.text);
  const complement = name.modifier === undefined ? undefined : COMPLEMENTS[name.modifier];
  const modifier = complement ? complement.of : name.modifier;
  const values = splitValue(value, ',');
  const most = context.mostAlternatives ?? MOST_ALTERNATIVES;
  if (values.length > most) throw invalidValue(`${name.text}: at most ${most} alternatives, not ${values.length}`, name.text);
  const alternatives = values.flatMap((raw) =>
    parameters.map((parameter) => {
      const one: CriterionValue = { parameter, name: name.text, modifier, raw, text: unescapeValue(raw), context };
      return expressValue(one);
    }),
  );
  const any = or(alternatives);
  return complement ? not(any) : any;
}
