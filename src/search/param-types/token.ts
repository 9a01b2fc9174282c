/** Token parameters: `code`, `system|code`, `|code`, `system|`. */
import type { CodeSet } from '../../definitions/definitions.ts';
import { invalidValue, unsupportedParameter } from '../../model/error.ts';
import type { SearchExpression } from '../expression/expression.ts';
import { and, or } from '../expression/expression.ts';
import { anyCodePrefix, codeEntry, hasSystem, parameterKey, systemPrefix, tokenEntry, tokenText } from '../parameters/entry-text.ts';
import { splitValue, unescapeValue } from '../request/values.ts';
import type { CriterionValue } from './criterion.ts';

/** The first unescaped `|` parts system and code; further ones belong to the code. */
function parseToken(raw: string): { readonly system?: string; readonly code: string } {
  const [first = '', ...rest] = splitValue(raw, '|');
  if (rest.length === 0) return { code: unescapeValue(first) };
  return { system: unescapeValue(first), code: unescapeValue(rest.join('|')) };
}

const equals = (entry: string): SearchExpression => ({ kind: 'equals', entry });
const prefix = (entry: string): SearchExpression => ({ kind: 'prefix', entry });

/** The code in the compared forms of each of these types, each once. */
function textsOf({ parameter, context }: CriterionValue, types: readonly string[], code: string): string[] {
  const { identifiers } = context.registry;
  return [
    ...new Set(types.flatMap((type) => (type === 'Identifier' ? identifiers.searched(parameter.on, code) : [tokenText(type, code)]))),
  ];
}

function withoutSystem(value: CriterionValue, keys: readonly string[]): SearchExpression {
  const { name, raw } = value;
  throwUnlessBoolean(value);
  const texts = textsOf(value, value.parameter.elementTypes, unescapeValue(raw));
  if (raw === '') throw invalidValue(`${name}: a code is missing`, name);
  return or(keys.flatMap((key) => texts.map((text) => equals(codeEntry(key, text)))));
}

function throwUnlessBoolean({ name, raw, parameter: { elementTypes } }: CriterionValue): void {
  const isBoolean = elementTypes.length === 1 && elementTypes[0] === 'boolean';
  if (isBoolean && raw !== 'true' && raw !== 'false') throw invalidValue(`${name}: "${raw}" is neither true nor false`, name);
}

/** The codes meant among those that a code set implies: the one, or all of the system. */
function impliedCodes(sets: readonly CodeSet[], system: string, code: string): string[] {
  const codes = sets.flatMap((set) => (Object.hasOwn(set, system) ? (set[system] ?? []) : []));
  return code === '' ? codes : codes.filter((each) => each.toLowerCase() === code.toLowerCase());
}

/** Codes of elements that name no system: `|final` is `final`; a system must be the one that their code set implies. */
function ofPlainTypes(value: CriterionValue, keys: readonly string[], system: string, code: string): SearchExpression {
  const { name, raw, parameter } = value;
  const { impliedSystems, elementTypes } = parameter;
  if (system !== '' && !impliedSystems) throw unsupportedParameter(`${name}: the values have no system to search for: "${raw}"`, name);
  const codes = system === '' ? [code] : impliedCodes(impliedSystems ?? [], system, code);
  return or(keys.flatMap((key) => codes.flatMap((each) => textsOf(value, elementTypes, each).map((text) => equals(codeEntry(key, text))))));
}

/** @throws FhirError 400 for what is no token @see https://hl7.org/fhir/R4/search.html#token */
export function tokenExpression(value: CriterionValue): SearchExpression {
  const { parameter, raw, name } = value;
  const { system, code } = parseToken(raw);
  const keys = parameter.storedAs.map((home) => parameterKey(parameter.on, home.code));
  if (system === undefined) return withoutSystem(value, keys);
  if (system === '' && code === '') throw invalidValue(`${name}: "${raw}" names neither system nor code`, name);
  if (!parameter.hasSystem) return ofPlainTypes(value, keys, system, code);
  if (code === '') return or(keys.map((key) => and([prefix(anyCodePrefix(key)), prefix(systemPrefix(key, system))])));
  const types = system === '' ? parameter.elementTypes : parameter.elementTypes.filter(hasSystem);
  return or(keys.flatMap((key) => textsOf(value, types, code).map((text) => systemAndCode(key, system, text))));
}

/** A code of a system: the code finds, the two together narrow. */
const systemAndCode = (key: string, system: string, code: string): SearchExpression =>
  and([equals(codeEntry(key, code)), equals(tokenEntry(key, system, code))]);

const ID = /^[A-Za-z0-9\-.]{1,64}$/;

/** `_id`, which every store keeps beside the entries. A text that is no id matches nothing. */
export function idExpression({ text }: CriterionValue): SearchExpression {
  return ID.test(text) ? { kind: 'ids', ids: [text] } : { kind: 'nothing' };
}
