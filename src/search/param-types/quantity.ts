/** Quantity parameters: `[prefix]number`, `[prefix]number|system|code`, `[prefix]number||unit`. */
import { invalidValue } from '../../model/error.ts';
import type { SearchExpression } from '../expression/expression.ts';
import { or } from '../expression/expression.ts';
import { anyUnitKey, bareUnitKeys, parameterKey, unitKey } from '../parameters/entry-text.ts';
import { splitValue, unescapeValue } from '../request/values.ts';
import type { CriterionValue } from './criterion.ts';
import { parseNumberTest } from './number.ts';
import { onRanges } from './prefix.ts';

function keysOf(key: string, [system = '', code = '']: readonly string[]): string[] {
  if (code === '') return [anyUnitKey(key)];
  return system === '' ? bareUnitKeys(key, code) : [unitKey(key, system, code)];
}

/**
 * Units are compared as they are written; conversion is still to come.
 * @throws FhirError 400 for what is no quantity
 * @see https://hl7.org/fhir/R4/search.html#quantity
 */
export function quantityExpression({ raw, name, parameter }: CriterionValue): SearchExpression {
  const [number = '', ...unit] = splitValue(raw, '|').map(unescapeValue);
  const isWhole = unit.length === 0 || (unit.length === 2 && (unit[0] === '' || unit[1] !== ''));
  if (!isWhole) throw invalidValue(`${name}: "${raw}" is not [prefix]number, [prefix]number|system|code or [prefix]number||unit`, name);
  const test = parseNumberTest(number, name);
  const keys = parameter.storedAs.flatMap((home) => keysOf(parameterKey(parameter.on, home.code), unit));
  return or(keys.map((key) => onRanges(key, test)));
}
