/**
 * What may be said about time: years, and no year that tells an age over 89.
 *
 * Whoever is (or died) 90 or older is as if born exactly 90 years before. Years before that birth would tell more and are
 * left out.
 * @see https://www.ecfr.gov/current/title-45/section-164.514 (b)(2)(i)(C)
 */

export interface Lifetime {
  /** The year of birth that may be said; undefined if none is known. */
  readonly birthYear: number | undefined;
  /** True if the birth was in that year or earlier. */
  readonly isOrEarlier: boolean;
  /** No year before this one may be said. */
  readonly earliestYear: number;
}

export const MOST_YEARS = 90;

/** @param now milliseconds since 1970 */
export function lifetimeOf(patient: { readonly birthDate?: unknown; readonly deceasedDateTime?: unknown }, now: number): Lifetime {
  const thisYear = new Date(now).getUTCFullYear();
  const earliestYear = Math.min(yearOf(patient.deceasedDateTime) ?? thisYear, thisYear) - MOST_YEARS;
  const born = yearOf(patient.birthDate);
  if (born === undefined) return { birthYear: undefined, isOrEarlier: false, earliestYear };
  return { birthYear: Math.max(born, earliestYear), isOrEarlier: born <= earliestYear, earliestYear };
}

/** Of a date or dateTime; undefined for anything else. */
export function yearOf(value: unknown): number | undefined {
  const [, year] = (typeof value === 'string' && /^(\d{4})(?:-|$)/.exec(value)) || [];
  return year === undefined ? undefined : Number(year);
}
