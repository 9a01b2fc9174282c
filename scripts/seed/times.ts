/** Times of seeded records, in milliseconds since 1970, and how FHIR writes them. */
import type { Faker } from '@faker-js/faker';
import { REFERENCE_TIME } from './random.ts';

const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

/** `2024-02-29T09:20:00Z` */
export const dateTime = (at: number): string => `${new Date(at).toISOString().slice(0, 19)}Z`;
/** `2024-02-29T09:20:00.000Z` */
export const instant = (at: number): string => new Date(at).toISOString();
/** `2024-02-29` */
export const day = (at: number): string => new Date(at).toISOString().slice(0, 10);

/** A quarter of an hour within office hours, on a day of the last `years` before the reference time. */
export function officeTime(random: Faker, years: number): number {
  const days = random.number.int({ min: 3, max: Math.floor(years * 365) });
  return startOfDay(REFERENCE_TIME - days * DAY) + officeHour(random);
}

/** The same within the `days` after the reference time. */
export function futureOfficeTime(random: Faker, days: number): number {
  return startOfDay(REFERENCE_TIME + random.number.int({ min: 1, max: days }) * DAY) + officeHour(random);
}

const startOfDay = (at: number) => at - (at % DAY);
const officeHour = (random: Faker) => 8 * HOUR + random.number.int({ min: 0, max: 35 }) * 15 * MINUTE;
