/** Date parameters: the range of the value searched for against the ranges of the resource. */
import { invalidValue } from '../../model/error.ts';
import type { TimeRange } from '../../model/instant.ts';
import { timeRange } from '../../model/instant.ts';
import { unreachable } from '../../model/unreachable.ts';
import type { SearchExpression } from '../expression/expression.ts';
import { or } from '../expression/expression.ts';
import { parameterKey } from '../parameters/entry-text.ts';
import type { CriterionValue } from './criterion.ts';
import type { Prefix, RangeTest } from './prefix.ts';
import { bound, onRanges, takePrefix } from './prefix.ts';

/** R4 recommends "10% of the gap between now and the date". */
const APPROXIMATELY = 0.1;

/**
 * What the prefix means for the range from `lo` to `hi` (both included). `eq` is containment: a resource's range that is
 * wider than the one searched for is not equal to it.
 * @see https://hl7.org/fhir/R4/search.html#prefix
 */
function dateTest(prefix: Prefix, { lo, hi }: TimeRange, now: number): RangeTest {
  switch (prefix) {
    case 'eq':
      return [[bound('lo', 'ge', lo), bound('hi', 'le', hi)]];
    case 'ne':
      return [[bound('lo', 'lt', lo)], [bound('hi', 'gt', hi)]];
    case 'gt':
      return [[bound('hi', 'gt', hi)]];
    case 'lt':
      return [[bound('lo', 'lt', lo)]];
    // Overlaps what is above, or lies within: together, it ends above or starts at or after the start.
    case 'ge':
      return [[bound('hi', 'gt', hi)], [bound('lo', 'ge', lo)]];
    case 'le':
      return [[bound('lo', 'lt', lo)], [bound('hi', 'le', hi)]];
    case 'sa':
      return [[bound('lo', 'gt', hi)]];
    case 'eb':
      return [[bound('hi', 'lt', lo)]];
    case 'ap': {
      const margin = Math.round(Math.max(Math.abs(now - lo), Math.abs(now - hi)) * APPROXIMATELY);
      return [[bound('lo', 'le', hi + margin), bound('hi', 'ge', lo - margin)]];
    }
    default:
      return unreachable(prefix);
  }
}

/** A `+` of an offset that the client did not escape arrives as a space. */
const withPlus = (text: string) => text.replace(/ (?=\d\d:\d\d$)/, '+');

/** `_filter`'s `po`: the two have a time in common. */
export function overlapExpression(value: CriterionValue): SearchExpression {
  const { parameter, text, name } = value;
  const range = timeRange(withPlus(text));
  if (!range) throw invalidValue(`${name}: "${text}" is not a date, dateTime or instant`, name);
  const test: RangeTest = [[bound('lo', 'le', range.hi), bound('hi', 'ge', range.lo)]];
  return or(parameter.storedAs.map((home) => onRanges(parameterKey(parameter.on, home.code), test)));
}

function testOf({ text, name, context }: CriterionValue): RangeTest {
  const { prefix, rest } = takePrefix(text);
  const range = timeRange(withPlus(rest));
  if (!range) throw invalidValue(`${name}: "${text}" is not a date, dateTime or instant with an optional prefix`, name);
  return dateTest(prefix, range, context.now());
}

/** @throws FhirError 400 for what is no date */
export function dateExpression(value: CriterionValue): SearchExpression {
  const test = testOf(value);
  const { parameter } = value;
  return or(parameter.storedAs.map((home) => onRanges(parameterKey(parameter.on, home.code), test)));
}

/** `_lastUpdated`, which every store keeps beside the entries. */
export function updatedExpression(value: CriterionValue): SearchExpression {
  return or(testOf(value).map((conditions): SearchExpression => ({ kind: 'updated', conditions })));
}
