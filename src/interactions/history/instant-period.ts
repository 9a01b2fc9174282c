/** The period that a date of any precision covers: `_since`, `_at`. */
import { invalidValue } from '../../model/error.ts';

export interface InstantPeriod {
  /** Both ends included, milliseconds since 1970. */
  readonly from: number;
  readonly to: number;
}

const DATE = /^(\d{4})(?:-(\d\d)(?:-(\d\d)(?:T(\d\d):(\d\d)(?::(\d\d)(\.\d{1,9})?)?(Z|[+-]\d\d:\d\d)?)?)?)?$/;

/**
 * "2024-01" is all January. Without an offset the time is UTC.
 * @throws FhirError 400 naming `parameter`
 */
export function instantPeriod(text: string, parameter: string): InstantPeriod {
  // A "+" of an offset that nobody escaped arrives as a space.
  const parts = DATE.exec(text.replace(/ (?=\d\d:\d\d$)/, '+'));
  const refusal = () => invalidValue(`${parameter} must be a date such as 2024-01-31 or 2024-01-31T12:00:00Z, not "${text}"`, parameter);
  if (!parts) throw refusal();
  const [, year, month, day, hour, minute, second, fraction, offset] = parts;
  const from = Date.parse(
    `${year}-${month ?? '01'}-${day ?? '01'}T${hour ?? '00'}:${minute ?? '00'}:${second ?? '00'}${(fraction ?? '').slice(0, 4)}${offset ?? 'Z'}`,
  );
  if (Number.isNaN(from) || (day && Number(day) > daysIn(Number(year), Number(month)))) throw refusal();
  return { from, to: from + lengthOf(Number(year), month, day, hour, second, fraction) - 1 };
}

function lengthOf(year: number, month?: string, day?: string, hour?: string, second?: string, fraction?: string): number {
  if (fraction) return 1;
  if (second) return 1000;
  if (hour) return 60_000;
  if (day) return 86_400_000;
  return 86_400_000 * (month ? daysIn(year, Number(month)) : daysIn(year, 2) + 337);
}

const daysIn = (year: number, month: number): number => new Date(Date.UTC(year, month, 0)).getUTCDate();
