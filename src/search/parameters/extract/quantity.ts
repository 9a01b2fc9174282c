/**
 * Entries of number and quantity parameters. A value is the point that it says; implicit precision belongs to the value
 * searched for ("[parameter]=100 … is actually searching for values in the range [99.5 ... 100.5)").
 * @see https://hl7.org/fhir/R4/search.html#quantity
 */

import { CURRENCY, canonicalKey, quantityKeys, UCUM } from '../entry-text.ts';
import type { EntrySink } from './entry-sink.ts';
import type { Extract, ExtractTarget } from './extract.ts';

/** Stands for an open end: SQL and BSON both hold it, and JSON too, unlike Infinity. */
const LARGEST = Number.MAX_VALUE;

interface Quantity {
  readonly value?: unknown;
  readonly comparator?: unknown;
  readonly system?: string;
  readonly code?: string;
  readonly unit?: string;
}

interface Ends {
  readonly lo: number;
  readonly hi: number;
}

function endsOf(quantity: Quantity): Ends | undefined {
  const { value, comparator } = quantity;
  if (typeof value !== 'number') return undefined;
  if (comparator === '<' || comparator === '<=') return { lo: -LARGEST, hi: value };
  if (comparator === '>' || comparator === '>=') return { lo: value, hi: LARGEST };
  return { lo: value, hi: value };
}

function put(target: ExtractTarget, keys: readonly string[], ends: Ends, amountUnit: string, sink: EntrySink): void {
  for (const k of keys) sink.r.push({ k, lo: ends.lo, hi: ends.hi });
  sink.sortBy(target.code, ends.lo === -LARGEST ? ends.hi : ends.lo, ends.lo === ends.hi ? amountUnit : undefined);
}

/** What amounts must have in common to be added up. */
function unitText({ system = '', code, unit }: Quantity): string {
  if (code !== undefined) return `${system}|${code}`;
  return unit === undefined ? '' : `|${unit}`;
}

function putQuantity(target: ExtractTarget, unit: Quantity, ends: Ends, sink: EntrySink): void {
  const canonical = unit.system === UCUM && unit.code !== undefined ? target.unit(unit.code) : undefined;
  const [own = '', ...narrowing] = quantityKeys(target.key, unit);
  if (canonical) {
    const lo = canonical.toCanonical(ends.lo);
    sink.r.push({ k: canonicalKey(target.key, canonical.name), lo, hi: ends.lo === ends.hi ? lo : canonical.toCanonical(ends.hi) });
  }
  put(target, canonical ? narrowing : [own, ...narrowing], ends, unitText(unit), sink);
}

const putNumber = (target: ExtractTarget, ends: Ends, sink: EntrySink) => put(target, [target.key], ends, '', sink);

interface LowAndHigh {
  readonly low?: Quantity;
  readonly high?: Quantity;
}

function endsOfRange({ low, high }: LowAndHigh): Ends {
  return {
    lo: typeof low?.value === 'number' ? low.value : -LARGEST,
    hi: typeof high?.value === 'number' ? high.value : LARGEST,
  };
}

interface Sampled {
  readonly origin?: Quantity;
  readonly factor?: number;
  readonly data?: string;
}

/** The least and the greatest sample; the marks `E`, `L` and `U` are no numbers. */
function putSamples(target: ExtractTarget, { origin, factor = 1, data }: Sampled, sink: EntrySink): void {
  if (typeof data !== 'string' || typeof origin?.value !== 'number') return;
  let [lo, hi] = [LARGEST, -LARGEST];
  for (const word of data.split(' ')) {
    const sample = word === '' ? Number.NaN : Number(word) * factor + origin.value;
    if (sample < lo) lo = sample;
    if (sample > hi) hi = sample;
  }
  if (lo <= hi) putQuantity(target, origin, { lo, hi }, sink);
}

/** How to put values of this type, or undefined if quantities don't come from it. */
export function quantityExtractor(target: ExtractTarget, elementType: string): Extract | undefined {
  switch (elementType) {
    case 'Range':
      return (value, sink) => {
        const range = value as LowAndHigh;
        const unit = range.low ?? range.high;
        if (unit) putQuantity(target, unit, endsOfRange(range), sink);
      };
    case 'SampledData':
      return (value, sink) => putSamples(target, value as Sampled, sink);
    case 'Money':
      return (value, sink) => {
        const { value: amount, currency } = value as { value?: unknown; currency?: string };
        if (typeof amount === 'number') putQuantity(target, { system: CURRENCY, code: currency }, { lo: amount, hi: amount }, sink);
      };
    default:
      return (value, sink) => {
        const ends = endsOf(value as Quantity);
        if (ends) putQuantity(target, value as Quantity, ends, sink);
      };
  }
}

/** How to put values of this type, or undefined if numbers don't come from it. */
export function numberExtractor(target: ExtractTarget, elementType: string): Extract | undefined {
  if (elementType === 'Range') {
    return (value, sink) => {
      const range = value as LowAndHigh;
      if (range.low || range.high) putNumber(target, endsOfRange(range), sink);
    };
  }
  return (value, sink) => {
    if (typeof value === 'number') putNumber(target, { lo: value, hi: value }, sink);
  };
}
