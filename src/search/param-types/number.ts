/** Number parameters, and the ranges that a number's precision implies. */
import { invalidValue } from '../../model/error.ts';
import { unreachable } from '../../model/unreachable.ts';
import type { BoundCondition, SearchExpression } from '../expression/expression.ts';
import { or } from '../expression/expression.ts';
import { parameterKey } from '../parameters/entry-text.ts';
import type { CriterionValue } from './criterion.ts';
import type { Prefix, RangeTest } from './prefix.ts';
import { bound, onRanges, takePrefix } from './prefix.ts';

/** A number as searched for: what it says, and the range (`to` excluded) that its significant figures leave open. */
interface ImpreciseNumber {
  readonly value: number;
  readonly from: number;
  readonly to: number;
}

const NUMBER = /^([+-]?)(\d{1,40})(?:\.(\d{1,40}))?(?:[eE]([+-]?\d{1,3}))?$/;

/**
 * `100` is 99.5 up to 100.5, `100.00` is 99.995 up to 100.005, `5.40e-3` is 0.005395 up to 0.005405; undefined for what is
 * no number. R4 gives 95 up to 105 for `1e2`, a tenth of what one significant figure would leave open: so a whole number
 * with an exponent counts one figure more.
 * @see https://hl7.org/fhir/R4/search.html#number
 */
function impreciseNumber(text: string): ImpreciseNumber | undefined {
  const match = NUMBER.exec(text);
  if (!match) return undefined;
  const [, sign, whole = '', fraction = '', exponent] = match;
  const isWholeWithExponent = exponent !== undefined && fraction === '';
  const digits = BigInt(whole + fraction + (isWholeWithExponent ? '0' : '')) * (sign === '-' ? -1n : 1n);
  const scale = Number(exponent ?? 0) - fraction.length - (isWholeWithExponent ? 1 : 0);
  const at = (tenths: bigint) => Number(`${digits * 10n + tenths}e${scale - 1}`);
  return { value: at(0n), from: at(-5n), to: at(5n) };
}

/** What the prefix means. Only `eq`, `ne` and `ap` look at the precision: R4's `lt100` is "less than exactly 100". */
function numberTest(prefix: Prefix, { value, from, to }: ImpreciseNumber): RangeTest {
  switch (prefix) {
    case 'eq':
      return [[bound('lo', 'ge', from), bound('hi', 'lt', to)]];
    case 'ne':
      return [[bound('lo', 'lt', from)], [bound('hi', 'ge', to)]];
    case 'gt':
      return [[bound('hi', 'gt', value)]];
    case 'lt':
      return [[bound('lo', 'lt', value)]];
    case 'ge':
      return [[bound('hi', 'ge', value)]];
    case 'le':
      return [[bound('lo', 'le', value)]];
    case 'sa':
      return [[bound('lo', 'gt', value)]];
    case 'eb':
      return [[bound('hi', 'lt', value)]];
    case 'ap': {
      const margin = Math.abs(value) * 0.1;
      return [[bound('lo', 'le', value + margin), bound('hi', 'ge', value - margin)]];
    }
    default:
      return unreachable(prefix);
  }
}

/**
 * A test on numbers of another scale. Both of a range's ends may come to the same number there, which then is the whole range:
 * what was searched for says more digits than the scale keeps.
 */
function converted(test: RangeTest, prefix: Prefix, { from, to }: ImpreciseNumber, convert: (value: number) => number): RangeTest {
  const isPoint = (prefix === 'eq' || prefix === 'ne') && convert(from) === convert(to);
  const inclusive = (op: BoundCondition['op']) => (op === 'lt' ? 'le' : 'gt');
  return test.map((conditions) =>
    conditions.map((each) => ({
      ...each,
      op: isPoint && each.bound === 'hi' ? inclusive(each.op) : each.op,
      value: convert(each.value),
    })),
  );
}

/**
 * The test that a prefixed number stands for, on numbers as `convert` (which must rise with the number) gives them.
 * @throws FhirError 400 for what is no number, or too large for one
 */
export function parseNumberTest(text: string, name: string, convert?: (value: number) => number): RangeTest {
  const { prefix, rest } = takePrefix(text);
  const number = impreciseNumber(rest);
  if (!number || !Number.isFinite(number.value)) throw invalidValue(`${name}: "${text}" is not a number with an optional prefix`, name);
  const test = numberTest(prefix, number);
  return convert ? converted(test, prefix, number, convert) : test;
}

/** @throws FhirError 400 for what is no number */
export function numberExpression({ text, name, parameter }: CriterionValue): SearchExpression {
  const test = parseNumberTest(text, name);
  return or(parameter.storedAs.map((home) => onRanges(parameterKey(parameter.on, home.code), test)));
}
