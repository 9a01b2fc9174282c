/**
 * UCUM units in base units, so that quantities in different units of one kind compare.
 *
 * The name of a canonical unit is its dimension. Left as they are: units that no factor converts (`[pH]`, `dB`; temperatures
 * are converted), arbitrary ones (`[iU]`), equivalents and osmoles, which UCUM calls moles, and codes that UCUM doesn't know.
 * @see https://ucum.org/ucum
 */
import { createRequire } from 'node:module';

interface CanonicalUnit {
  /** The same for all units that can be converted into each other. */
  readonly name: string;
  /** Rises with the value. Twelve significant digits: what is equal stays equal over conversions. */
  toCanonical(value: number): number;
}

/** The canonical unit of a UCUM code, or undefined if its values are compared as they are. */
export type UnitLookup = (code: string) => CanonicalUnit | undefined;

/** What is used of the library's unit. */
interface ParsedUnit {
  readonly magnitude_: number;
  readonly dim_: { readonly dimVec_: readonly number[] | null } | null;
  readonly cnv_: string | null;
  readonly csCode_: string | number;
  readonly isArbitrary_: boolean;
  readonly moleExp_: number;
}

interface UnitParser {
  getSpecifiedUnit(code: string, mode: 'validate'): { readonly unit?: ParsedUnit | null; readonly retMsg: readonly string[] };
}

const SIGNIFICANT_DIGITS = 12;
const LARGEST = Number.MAX_VALUE;
/** Longer ones are no unit that anybody measures in, and would cost to parse. */
const MOST_CHARACTERS = 64;
/** Codes that are remembered. */
const MOST_KNOWN = 1000;

function rounded(value: number): number {
  return Math.max(-LARGEST, Math.min(LARGEST, Number(value.toPrecision(SIGNIFICANT_DIGITS))));
}

/** Kelvin. */
const TEMPERATURES: Readonly<Record<string, (value: number) => number>> = {
  Cel: (value) => value + 273.15,
  '[degF]': (value) => ((value + 459.67) * 5) / 9,
  '[degRe]': (value) => value * 1.25 + 273.15,
};

const scaledBy = (name: string, convert: (value: number) => number): CanonicalUnit => ({
  name,
  // An open end stays one.
  toCanonical: (value) => (Math.abs(value) === LARGEST ? value : rounded(convert(value))),
});

/** An equivalent is a mole of charges, an osmole one of particles: neither is told by UCUM. */
const COUNTS_OTHERS = /eq|osm/;

function canonicalUnit(code: string, parser: UnitParser): CanonicalUnit | undefined {
  if (code === '' || code.length > MOST_CHARACTERS || COUNTS_OTHERS.test(code)) return undefined;
  const { unit, retMsg } = parser.getSpecifiedUnit(code, 'validate');
  const dimension = unit?.dim_?.dimVec_;
  // With a message, the library has understood something else than was written.
  if (!unit || !dimension || retMsg.length > 0 || unit.isArbitrary_) return undefined;
  const name = `${dimension.join()},${unit.moleExp_}`;
  const temperature = TEMPERATURES[code];
  if (temperature) return scaledBy(name, temperature);
  if (unit.cnv_ !== null || !(unit.magnitude_ > 0) || !Number.isFinite(unit.magnitude_)) return undefined;
  return scaledBy(name, (value) => value * unit.magnitude_);
}

/** Loads the library when the first code comes: about 0.2 s, once; then 0.1 ms a new code. */
function loadParser(): UnitParser {
  const { UcumLhcUtils } = createRequire(import.meta.url)('@lhncbc/ucum-lhc') as { UcumLhcUtils: { getInstance(): UnitParser } };
  return UcumLhcUtils.getInstance();
}

export function createUnits(): UnitLookup {
  let parser: UnitParser | undefined;
  const known = new Map<string, CanonicalUnit | undefined>();
  return (code) => {
    if (known.has(code)) return known.get(code);
    parser ??= loadParser();
    const unit = canonicalUnit(code, parser);
    if (known.size >= MOST_KNOWN) known.clear();
    known.set(code, unit);
    return unit;
  };
}
