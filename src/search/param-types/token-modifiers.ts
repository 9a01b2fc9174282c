/** `:text`, `:of-type`, `:in` and `:not-in` of tokens; `:identifier` of references. @see https://hl7.org/fhir/R4/search.html#modifiers */
import type { CodeSet } from '../../definitions/definitions.ts';
import { invalidValue, unsupportedParameter } from '../../model/error.ts';
import type { SearchExpression } from '../expression/expression.ts';
import { and, or } from '../expression/expression.ts';
import {
  anyCodePrefix,
  codeEntry,
  ENTRY_TEXT_LIMIT,
  foldText,
  identifierKey,
  ofTypeKey,
  textKey,
  tokenEntry,
  tokenText,
  typedValue,
  valueEntry,
} from '../parameters/entry-text.ts';
import type { SearchParameter } from '../parameters/registry.ts';
import { storedKeys } from '../parameters/registry.ts';
import { splitValue, unescapeValue } from '../request/values.ts';
import type { CriterionValue } from './criterion.ts';

const equals = (entry: string): SearchExpression => ({ kind: 'equals', entry });
const prefix = (entry: string): SearchExpression => ({ kind: 'prefix', entry });
const among = (entries: readonly string[]): SearchExpression => ({ kind: 'among', entries: [...new Set(entries)] });

const WITH_TEXT = ['CodeableConcept', 'Coding', 'Identifier'];

/** The modifiers that values of a token parameter can meet. */
export function tokenModifiers({ elementTypes, hasSystem }: SearchParameter): string[] {
  return [
    'missing',
    'not',
    ...(elementTypes.some((type) => WITH_TEXT.includes(type)) ? ['text'] : []),
    ...(elementTypes.includes('Identifier') ? ['of-type'] : []),
    ...(hasSystem || elementTypes.includes('code') ? ['in', 'not-in'] : []),
  ];
}

/** By the start of a CodeableConcept's text, a Coding's display or the text of an Identifier's type, as strings are compared. */
export function tokenTextExpression({ text, name, parameter }: CriterionValue): SearchExpression {
  const folded = foldText(text);
  if (folded.length > ENTRY_TEXT_LIMIT) throw invalidValue(`${name}: texts of up to ${ENTRY_TEXT_LIMIT} characters can be searched`, name);
  return or(storedKeys(parameter).map((key) => and([prefix(anyCodePrefix(key)), prefix(valueEntry(textKey(key), folded))])));
}

/** `[system]|[code]|[value]`, all three of them. @throws FhirError 400 otherwise */
export function ofTypeExpression({ raw, name, parameter }: CriterionValue): SearchExpression {
  const [system = '', code = '', value = '', ...more] = splitValue(raw, '|').map(unescapeValue);
  if (system === '' || code === '' || value === '' || more.length > 0)
    throw invalidValue(`${name}: "${raw}" is not [system]|[code]|[value]: the type of the identifier and its value`, name);
  const typed = (key: string) => equals(tokenEntry(ofTypeKey(key), system, typedValue(code, value)));
  return or(storedKeys(parameter).map((key) => and([equals(codeEntry(key, value)), typed(key)])));
}

/** A parameter whose tokens are the identifiers of references. */
export function referenceIdentifiers(parameter: SearchParameter): SearchParameter {
  const storedAs = parameter.storedAs.map(({ code }) => ({ code: identifierKey(code) }));
  return { ...parameter, storedAs, elementTypes: ['Identifier'], hasSystem: true };
}

/** Codes of one value set that become conditions of one search. */
const MOST_CODES = 1000;
const R4_VALUE_SET = /^http:\/\/hl7\.org\/fhir\/ValueSet\/([A-Za-z0-9\-.]+)(?:\|4\.0\.1)?$/;

function codesOf({ text, name, context }: CriterionValue): CodeSet {
  const named = R4_VALUE_SET.exec(text)?.[1];
  const set = context.expandValueSet?.(text) ?? (named === undefined ? undefined : context.registry.codeSet(named));
  if (set) return set;
  throw unsupportedParameter(
    `${name}: the value set "${text}" is not known here; allowed: those whose codes R4 itself lists in full`,
    name,
  );
}

/** Any code of a value set. @throws FhirError 400 for a value set that can't be expanded, or is too large */
export function inExpression(value: CriterionValue): SearchExpression {
  const { parameter, name, text } = value;
  const codes = Object.entries(codesOf(value)).flatMap(([system, all]) => all.map((code) => ({ system, code })));
  if (codes.length > MOST_CODES) throw invalidValue(`${name}: "${text}" has more than ${MOST_CODES} codes`, name);
  if (codes.length === 0) return { kind: 'nothing' };
  const { elementTypes, hasSystem } = parameter;
  const textOf = (code: string) => tokenText(hasSystem ? 'Coding' : (elementTypes[0] ?? 'code'), code);
  const anyOf = (key: string) => among(codes.map(({ code }) => codeEntry(key, textOf(code))));
  const anyPairOf = (key: string) => among(codes.map(({ system, code }) => tokenEntry(key, system, textOf(code))));
  return or(storedKeys(parameter).map((key) => (hasSystem ? and([anyOf(key), anyPairOf(key)]) : anyOf(key))));
}
