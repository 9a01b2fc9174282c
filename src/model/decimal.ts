/** Decimal numbers of any length: sums of money must not be rounded as binary fractions are. */

/** `digits / 10^scale`. */
export interface Decimal {
  readonly digits: bigint;
  readonly scale: number;
}

export const ZERO: Decimal = { digits: 0n, scale: 0 };

const FORM = /^([+-]?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/;

/** @throws Error for a text that is no decimal number */
export function parseDecimal(text: string): Decimal {
  const [, sign, whole = '', fraction = '', exponent = '0'] = FORM.exec(text) ?? [];
  if (whole === '') throw new Error(`not a decimal number: ${text}`);
  const digits = BigInt(`${sign === '-' ? '-' : ''}${whole}${fraction}`);
  const scale = fraction.length - Number(exponent);
  return scale < 0 ? { digits: digits * 10n ** BigInt(-scale), scale: 0 } : { digits, scale };
}

const scaled = ({ digits, scale }: Decimal, to: number) => digits * 10n ** BigInt(to - scale);

export function addDecimals(a: Decimal, b: Decimal): Decimal {
  const scale = Math.max(a.scale, b.scale);
  return { digits: scaled(a, scale) + scaled(b, scale), scale };
}

/** Negative if `a` is less, positive if it is greater. */
export function compareDecimals(a: Decimal, b: Decimal): number {
  const scale = Math.max(a.scale, b.scale);
  const [left, right] = [scaled(a, scale), scaled(b, scale)];
  return left < right ? -1 : left > right ? 1 : 0;
}

/** Rounded half away from zero to `scale` places, or to those of `a` if it has more. `by` is above 0. */
export function divideDecimal(a: Decimal, by: number, scale: number): Decimal {
  const places = Math.max(scale, a.scale);
  const [dividend, divisor] = [scaled(a, places) * 2n, BigInt(by) * 2n];
  const half = dividend < 0n ? -BigInt(by) : BigInt(by);
  return { digits: (dividend + half) / divisor, scale: places };
}

/** The shortest text of the number, without exponent: "-0.5", "120". */
export function decimalText({ digits, scale }: Decimal): string {
  const isNegative = digits < 0n;
  const text = (isNegative ? -digits : digits).toString().padStart(scale + 1, '0');
  const whole = text.slice(0, text.length - scale);
  const fraction = text.slice(text.length - scale).replace(/0+$/, '');
  return `${isNegative ? '-' : ''}${whole}${fraction && `.${fraction}`}`;
}
