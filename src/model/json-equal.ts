import { JsonNumber, type JsonTree } from './lossless-json.ts';

/** True if two trees mean the same: member order doesn't matter, numbers are compared by exact decimal value (1.0 = 1, 1e2 = 100). */
export function equalTrees(a: JsonTree, b: JsonTree): boolean {
  if (a instanceof JsonNumber) return b instanceof JsonNumber && decimalOf(a.lexeme) === decimalOf(b.lexeme);
  if (Array.isArray(a)) return Array.isArray(b) && a.length === b.length && a.every((item, i) => equalTrees(item, b[i] as JsonTree));
  if (a instanceof Map) {
    if (!(b instanceof Map) || a.size !== b.size) return false;
    for (const [name, value] of a) {
      const other = b.get(name);
      if (other === undefined || !equalTrees(value, other)) return false;
    }
    return true;
  }
  return a === b;
}

/** A lexeme's value as digits without zeros at either end, and an exponent: one text for each number. */
function decimalOf(lexeme: string): string {
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(lexeme) ?? [];
  const digits = (whole + fraction).replace(/^0+/, '');
  const significant = digits.replace(/0+$/, '');
  if (significant === '') return '0';
  return `${sign}${significant}e${BigInt(exponent) - BigInt(fraction.length) + BigInt(digits.length - significant.length)}`;
}
