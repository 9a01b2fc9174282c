/**
 * Formats of FHIR's date and time types. Each pattern is linear; days that don't exist are refused.
 * @see https://hl7.org/fhir/R4/datatypes.html#dateTime
 */

const DATE = /^(\d{4})(?:-(0[1-9]|1[0-2])(?:-(0[1-9]|[12]\d|3[01]))?)?$/;
const CLOCK = /^(?:[01]\d|2[0-3]):[0-5]\d:(?:[0-5]\d|60)(?:\.\d+)?$/;
const CLOCK_AND_ZONE = /^(?:[01]\d|2[0-3]):[0-5]\d:(?:[0-5]\d|60)(?:\.\d+)?(?:Z|[+-](?:(?:0\d|1[0-3]):[0-5]\d|14:00))$/;
const DAY_LENGTH = 10;

/** `2024`, `2024-02` or `2024-02-29`; not the year 0. */
export function isDate(text: string): boolean {
  const match = DATE.exec(text);
  if (!match || match[1] === '0000') return false;
  const day = Number(match[3] ?? 1);
  return day < 29 || day <= daysIn(Number(match[1]), Number(match[2]));
}

/** `14:07:05` or `14:07:05.25`; 24:00 is not a time of day. */
export function isTime(text: string): boolean {
  return CLOCK.test(text);
}

/** A date, or a day with a time to the second and an offset. */
export function isDateTime(text: string): boolean {
  return text.length <= DAY_LENGTH ? isDate(text) : isInstant(text);
}

/** A day with a time to the second and an offset. */
export function isInstant(text: string): boolean {
  return text[DAY_LENGTH] === 'T' && isDate(text.slice(0, DAY_LENGTH)) && CLOCK_AND_ZONE.test(text.slice(DAY_LENGTH + 1));
}

function daysIn(year: number, month: number): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}
