/**
 * Times: FHIR's `date`, `dateTime` and `instant` as ranges of milliseconds since 1970, and the dates of HTTP's headers.
 *
 * A partial date means all of its time: `2024-02` is the whole of February. A time without an offset is taken as UTC: FHIR
 * leaves it to the server, and UTC is the same on every gateway.
 *
 * @see https://hl7.org/fhir/R4/datatypes.html#dateTime
 * @see https://hl7.org/fhir/R4/search.html#date
 */

/** Both ends are included. */
export interface TimeRange {
  readonly lo: number;
  readonly hi: number;
}

const DATE = /^(\d{4})(?:-(\d\d)(?:-(\d\d))?)?$/;
const TIME =
  /^(\d{4})-(\d\d)-(\d\d)T([01]\d|2[0-3]):([0-5]\d)(?::([0-5]\d|60)(?:\.(\d{1,9}))?)?(?:(Z)|([+-])(0\d|1[0-3]):([0-5]\d)|([+-])14:00)?$/;
const MINUTE = 60_000;

/**
 * The range of a date, dateTime or instant; undefined if it isn't one, or names a day that doesn't exist. More lenient than
 * the types where searches are: seconds and offset may be left out. Digits beyond milliseconds are cut off.
 */
export function timeRange(text: string): TimeRange | undefined {
  return text.length <= 10 ? dateRange(text) : instantRange(text);
}

function dateRange(text: string): TimeRange | undefined {
  const match = DATE.exec(text);
  if (!match) return undefined;
  const year = Number(match[1]);
  if (match[2] === undefined) return year === 0 ? undefined : { lo: utcDay(year, 1, 1), hi: utcDay(year + 1, 1, 1) - 1 };
  const month = Number(match[2]);
  if (match[3] === undefined) {
    if (year === 0 || month < 1 || month > 12) return undefined;
    return { lo: utcDay(year, month, 1), hi: utcDay(year, month + 1, 1) - 1 };
  }
  const lo = realDay(year, month, Number(match[3]));
  return lo === undefined ? undefined : { lo, hi: lo + 1440 * MINUTE - 1 };
}

function instantRange(text: string): TimeRange | undefined {
  const match = TIME.exec(text);
  if (!match) return undefined;
  const day = realDay(Number(match[1]), Number(match[2]), Number(match[3]));
  if (day === undefined) return undefined;
  const minute = day + (Number(match[4]) * 60 + Number(match[5]) - offsetMinutes(match)) * MINUTE;
  if (match[6] === undefined) return { lo: minute, hi: minute + MINUTE - 1 };
  const second = minute + Number(match[6]) * 1000;
  const fraction = match[7];
  if (fraction === undefined) return { lo: second, hi: second + 999 };
  const lo = second + Number(fraction.padEnd(3, '0').slice(0, 3));
  return { lo, hi: lo + (fraction.length === 1 ? 99 : fraction.length === 2 ? 9 : 0) };
}

function offsetMinutes(match: RegExpExecArray): number {
  if (match[9] !== undefined) return (match[9] === '-' ? -1 : 1) * (Number(match[10]) * 60 + Number(match[11]));
  return match[12] === undefined ? 0 : (match[12] === '-' ? -1 : 1) * 14 * 60;
}

function realDay(year: number, month: number, day: number): number | undefined {
  if (year === 0 || month < 1 || month > 12 || day < 1 || day > daysIn(year, month)) return undefined;
  return utcDay(year, month, day);
}

function daysIn(year: number, month: number): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}

/** Month 13 is next year's January. */
function utcDay(year: number, month: number, day: number): number {
  if (year >= 100) return Date.UTC(year, month - 1, day);
  // Date.UTC takes the years 0 to 99 for 1900 to 1999.
  return new Date(Date.UTC(2000, month - 1, day)).setUTCFullYear(month > 12 ? year + 1 : year);
}

const HTTP_DATE =
  /^(?:[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT|[A-Z][a-z]{5,8}, \d\d-[A-Z][a-z]{2}-\d\d \d\d:\d\d:\d\d GMT)$/;
const ASCTIME = /^[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \d{4}$/;

/** The time of an HTTP date in any of its three forms; undefined if it isn't one, which `If-Modified-Since` then ignores. */
export function parseHttpDate(text: string): number | undefined {
  if (!HTTP_DATE.test(text) && !ASCTIME.test(text)) return undefined;
  const at = Date.parse(ASCTIME.test(text) ? `${text} GMT` : text);
  return Number.isNaN(at) ? undefined : at;
}
