/** Entries of date parameters. @see https://hl7.org/fhir/R4/search.html#date */

import type { TimeRange } from '../../../model/instant.ts';
import { timeRange } from '../../../model/instant.ts';
import type { Extract, ExtractTarget } from './extract.ts';

/** The ends of time: JavaScript's, so that every range fits a Date. Stand for the open ends of a Period. */
export const BEGINNING = -8.64e15;
const END = 8.64e15;

interface Period {
  readonly start?: unknown;
  readonly end?: unknown;
}

const rangeOf = (text: unknown): TimeRange | undefined => (typeof text === 'string' ? timeRange(text) : undefined);

function periodRange(value: unknown): TimeRange | undefined {
  const { start, end } = value as Period;
  const [from, to] = [rangeOf(start), rangeOf(end)];
  return from || to ? { lo: from?.lo ?? BEGINNING, hi: to?.hi ?? END } : undefined;
}

interface Timing {
  readonly event?: unknown;
  readonly repeat?: { readonly boundsPeriod?: unknown };
}

/** R4: "the specified scheduling details are ignored and only the outer limits matter". */
function timingRange(value: unknown): TimeRange | undefined {
  const { event, repeat } = value as Timing;
  const ranges = (Array.isArray(event) ? event.map(rangeOf) : []).concat(repeat?.boundsPeriod ? [periodRange(repeat.boundsPeriod)] : []);
  return ranges.reduce((outer, range) => {
    if (!outer || !range) return outer ?? range;
    return { lo: Math.min(outer.lo, range.lo), hi: Math.max(outer.hi, range.hi) };
  }, undefined);
}

/** The range of a value of this type; undefined for a type or a value that is no time (an Age, "in spring"). */
export function dateRangeReader(elementType: string): ((value: unknown) => TimeRange | undefined) | undefined {
  switch (elementType) {
    case 'date':
    case 'dateTime':
    case 'instant':
      return rangeOf;
    case 'Period':
      return periodRange;
    case 'Timing':
      return timingRange;
    default:
      return undefined;
  }
}

/** Sorts by where a range starts; one without a start by where it ends. */
const sortTimeOf = (range: TimeRange) => (range.lo === BEGINNING ? range.hi : range.lo);

/** How to put values of this type, or undefined if dates don't come from it. */
export function dateExtractor(target: ExtractTarget, elementType: string): Extract | undefined {
  const read = dateRangeReader(elementType);
  if (!read) return undefined;
  return (value, sink) => {
    const range = read(value);
    if (!range) return;
    sink.r.push({ k: target.key, lo: range.lo, hi: range.hi });
    sink.sortBy(target.code, sortTimeOf(range));
  };
}
