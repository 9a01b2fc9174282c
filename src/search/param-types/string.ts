/** String parameters: by the start of any part, without case and accents; `:contains` anywhere in it (of long ones, in the start that is indexed); `:exact` by the whole part as it is. */
import { invalidValue } from '../../model/error.ts';
import type { SearchExpression } from '../expression/expression.ts';
import { or } from '../expression/expression.ts';
import {
  anyValuePrefix,
  ENTRY_TEXT_LIMIT,
  EXACT_MARK,
  foldText,
  parameterKey,
  stringEntry,
  stringPrefix,
} from '../parameters/entry-text.ts';
import type { CriterionValue } from './criterion.ts';

/** @throws FhirError 400 for a text longer than the index holds @see https://hl7.org/fhir/R4/search.html#string */
export function stringExpression({ text, name, modifier, parameter }: CriterionValue): SearchExpression {
  const keys = parameter.storedAs.map((home) => parameterKey(parameter.on, home.code));
  if (modifier === 'exact') return or(keys.map((key): SearchExpression => ({ kind: 'equals', entry: stringEntry(key, text) })));
  const { length } = foldText(text);
  if (length === 0) throw invalidValue(`${name}: nothing is left of "${text}" without case and accents; say :exact`, name);
  if (length > ENTRY_TEXT_LIMIT) throw invalidValue(`${name}: texts of up to ${ENTRY_TEXT_LIMIT} characters can be searched`, name);
  // The two are in `_filter` only.
  if (modifier === 'whole')
    return or(keys.map((key): SearchExpression => ({ kind: 'prefix', entry: `${stringPrefix(key, text)}${EXACT_MARK}` })));
  if (modifier === 'end')
    return or(keys.map((key): SearchExpression => ({ kind: 'contains', start: anyValuePrefix(key), text: foldText(text), isEnd: true })));
  if (modifier === 'contains')
    return or(keys.map((key): SearchExpression => ({ kind: 'contains', start: anyValuePrefix(key), text: foldText(text) })));
  return or(keys.map((key): SearchExpression => ({ kind: 'prefix', entry: stringPrefix(key, text) })));
}
