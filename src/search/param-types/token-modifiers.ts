/** `:text`, `:of-type`, `:in`, `:not-in`, `:above` and `:below` of tokens; `:identifier` of references. @see https://hl7.org/fhir/R4/search.html#modifiers */
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
import type { KnownCodes } from '../request/vocabulary.ts';
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
    ...(hasSystem || elementTypes.includes('code') ? ['in', 'not-in', 'above', 'below'] : []),
  ];
}

/** By the start of a CodeableConcept's text, a Coding's display or the text of an Identifier's type, as strings are compared. */
export function tokenTextExpression({ text, name, parameter }: CriterionValue): SearchExpression {
  const folded = foldText(text);
  if (folded.length > ENTRY_TEXT_LIMIT) throw invalidValue(`${name}: texts of up to ${ENTRY_TEXT_LIMIT} characters can be searched`, name);
  return or(storedKeys(parameter).map((key) => and([prefix(anyCodePrefix(key)), prefix(valueEntry(textKey(key), folded))])));
}

/** `[system]|[code]|[value]`, all three of them. @throws FhirError 400 otherwise */
export function ofTypeExpression({ raw, name, parameter, context }: CriterionValue): SearchExpression {
  const [system = '', code = '', value = '', ...more] = splitValue(raw, '|').map(unescapeValue);
  if (system === '' || code === '' || value === '' || more.length > 0)
    throw invalidValue(`${name}: "${raw}" is not [system]|[code]|[value]: the type of the identifier and its value`, name);
  const texts = context.registry.identifiers.searched(parameter.on, value);
  const typed = (key: string, text: string) => equals(tokenEntry(ofTypeKey(key), system, typedValue(code, text)));
  return or(storedKeys(parameter).flatMap((key) => texts.map((text) => and([equals(codeEntry(key, text)), typed(key, text)]))));
}

/** A parameter whose tokens are the identifiers of references. */
export function referenceIdentifiers(parameter: SearchParameter): SearchParameter {
  const storedAs = parameter.storedAs.map(({ code }) => ({ code: identifierKey(code) }));
  return { ...parameter, storedAs, elementTypes: ['Identifier'], hasSystem: true };
}

/** Codes of one value set, or below one code, that become conditions of one search. */
const MOST_CODES = 2000;
const R4_VALUE_SET = /^http:\/\/hl7\.org\/fhir\/ValueSet\/([A-Za-z0-9\-.]+)(?:\|4\.0\.1)?$/;

/** Without a vocabulary, as in conditional writes: the value sets that R4 binds elements to. */
function boundCodes({ text, context }: CriterionValue): KnownCodes {
  const codes = context.registry.codeSet(R4_VALUE_SET.exec(text)?.[1] ?? '');
  return codes ? { codes } : { why: 'is not known here; allowed: those whose codes R4 itself lists in full' };
}

/** Any of these codes. Elements that name no system mean the one that their code set implies. */
function anyOf({ parameter, name, raw }: CriterionValue, codes: CodeSet): SearchExpression {
  const { elementTypes, hasSystem, impliedSystems } = parameter;
  const listed = Object.entries(codes).flatMap(([system, all]) => all.map((code) => ({ system, code })));
  if (listed.length > MOST_CODES)
    throw invalidValue(`${name}: "${raw}" means ${listed.length} codes; at most ${MOST_CODES} can be searched for`, name);
  const isMeant = (system: string) => hasSystem || !impliedSystems || impliedSystems.some((set) => Object.hasOwn(set, system));
  const meant = listed.filter(({ system }) => isMeant(system));
  if (meant.length === 0) return { kind: 'nothing' };
  const textOf = (code: string) => tokenText(hasSystem ? 'Coding' : (elementTypes[0] ?? 'code'), code);
  const anyCode = (key: string) => among(meant.map(({ code }) => codeEntry(key, textOf(code))));
  const anyPair = (key: string) => among(meant.map(({ system, code }) => tokenEntry(key, system, textOf(code))));
  return or(storedKeys(parameter).map((key) => (hasSystem ? and([anyCode(key), anyPair(key)]) : anyCode(key))));
}

/** Any code of a value set. @throws FhirError 400 for a value set that can't be expanded, or is too large */
export function inExpression(value: CriterionValue): SearchExpression {
  const { name, text, context } = value;
  const { codes, why } = context.vocabulary?.valueSet(text) ?? boundCodes(value);
  if (!codes) throw unsupportedParameter(`${name}: the value set "${text}" ${why}`, name);
  return anyOf(value, codes);
}

/**
 * `:below`: the code itself and what its system puts below it; `:above` the other way round.
 * @throws FhirError 400 unless it is `[system]|[code]` of a system that is known with all its codes
 */
export function relatedExpression(value: CriterionValue): SearchExpression {
  const { name, raw, modifier, context } = value;
  const [system = '', code = '', ...more] = splitValue(raw, '|').map(unescapeValue);
  if (system === '' || code === '' || more.length > 0)
    throw invalidValue(`${name}: "${raw}" is not [system]|[code], which :${modifier} needs`, name);
  const { codes, why = 'is not known here with all its codes' } =
    context.vocabulary?.related(modifier as 'above' | 'below', system, code) ?? {};
  if (!codes) throw unsupportedParameter(`${name}: the code system "${system}" ${why}`, name);
  return anyOf(value, codes);
}
