import { describe, expect, test } from 'vitest';
import { addDecimals, compareDecimals, decimalText, divideDecimal, parseDecimal, ZERO } from './decimal.ts';

const sumOf = (texts: readonly string[]) => decimalText(texts.map(parseDecimal).reduce(addDecimals, ZERO));

describe('decimals', () => {
  test('add up without the rounding of binary fractions', () => {
    expect(sumOf(['0.1', '0.2'])).toBe('0.3');
    expect(sumOf(Array.from({ length: 1000 }, () => '0.01'))).toBe('10');
    expect(sumOf(['9007199254740993', '0.00000001'])).toBe('9007199254740993.00000001');
    expect(sumOf(['-1.5', '1'])).toBe('-0.5');
  });

  test('are read with exponents and written without', () => {
    expect(['1e21', '1.5E-7', '-2.50', '+3', '0.0'].map((text) => decimalText(parseDecimal(text)))).toEqual([
      '1000000000000000000000',
      '0.00000015',
      '-2.5',
      '3',
      '0',
    ]);
    expect(() => parseDecimal('NaN')).toThrow('not a decimal');
  });

  test('divide with rounding half away from zero', () => {
    expect(decimalText(divideDecimal(parseDecimal('10'), 3, 4))).toBe('3.3333');
    expect(decimalText(divideDecimal(parseDecimal('-0.5'), 1, 0))).toBe('-0.5');
    expect(decimalText(divideDecimal(parseDecimal('2'), 3, 2))).toBe('0.67');
    expect(decimalText(divideDecimal(parseDecimal('-2'), 3, 2))).toBe('-0.67');
  });

  test('compare by value, whatever their digits', () => {
    expect(compareDecimals(parseDecimal('1.50'), parseDecimal('1.5'))).toBe(0);
    expect(compareDecimals(parseDecimal('-2'), parseDecimal('1e-9'))).toBeLessThan(0);
  });
});
