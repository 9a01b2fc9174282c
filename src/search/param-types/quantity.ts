/** Quantity parameters: `[prefix]number`, `[prefix]number|system|code`, `[prefix]number||unit`. */
import { invalidValue } from '../../model/error.ts';
import type { SearchExpression } from '../expression/expression.ts';
import { or } from '../expression/expression.ts';
import { anyUnitKey, bareUnitKeys, canonicalKey, parameterKey, UCUM, unitKey } from '../parameters/entry-text.ts';
import type { UnitLookup } from '../parameters/units.ts';
import { splitValue, unescapeValue } from '../request/values.ts';
import type { CriterionValue } from './criterion.ts';
import { parseNumberTest } from './number.ts';
import { onRanges } from './prefix.ts';

/** Where a quantity is looked for, and how its numbers are kept there. */
interface Place {
  readonly key: string;
  readonly convert?: (value: number) => number;
}

function inUcum(key: string, code: string, unit: UnitLookup): Place {
  const canonical = unit(code);
  return canonical ? { key: canonicalKey(key, canonical.name), convert: canonical.toCanonical } : { key: unitKey(key, UCUM, code) };
}

/** R4's `5.4||mg` is "the unit or the code": a UCUM code means the quantity, in whatever unit it was written. */
function placesOf(key: string, [system = '', code = '']: readonly string[], unit: UnitLookup): Place[] {
  if (code === '') return [{ key: anyUnitKey(key) }];
  if (system === UCUM) return [inUcum(key, code, unit)];
  if (system !== '') return [{ key: unitKey(key, system, code) }];
  return [...bareUnitKeys(key, code).map((each) => ({ key: each })), inUcum(key, code, unit)];
}

/**
 * Quantities in UCUM units are compared in base units, others by their units as they are written.
 * @throws FhirError 400 for what is no quantity
 * @see https://hl7.org/fhir/R4/search.html#quantity
 */
export function quantityExpression({ raw, name, parameter, context }: CriterionValue): SearchExpression {
  const [number = '', ...unit] = splitValue(raw, '|').map(unescapeValue);
  const isWhole = unit.length === 0 || (unit.length === 2 && (unit[0] === '' || unit[1] !== ''));
  if (!isWhole) throw invalidValue(`${name}: "${raw}" is not [prefix]number, [prefix]number|system|code or [prefix]number||unit`, name);
  const places = parameter.storedAs.flatMap((home) => placesOf(parameterKey(parameter.on, home.code), unit, context.registry.unit));
  return or(places.map(({ key, convert }) => onRanges(key, parseNumberTest(number, name, convert))));
}
