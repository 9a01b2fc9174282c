/** Randomness of the seeded records: it depends on the seed alone, and so do all dates. */
import { base, en, Faker } from '@faker-js/faker';

/** The "now" of every seeded record. A fixed one, so that the same seed gives the same bytes on any day. */
export const REFERENCE_TIME = Date.parse('2026-06-30T12:00:00Z');

/** Streams of one seed: 0 is the shared directory, patient `n` has stream `n + 1`. */
export const DIRECTORY_STREAM = 0;
export const patientStream = (index: number): number => index + 1;

/** A generator whose whole output is given by `seed` and `stream`; streams don't influence each other. */
export function randomFor(seed: number, stream: number): Faker {
  const random = new Faker({ locale: [en, base] });
  random.seed([seed, stream]);
  random.setDefaultRefDate(REFERENCE_TIME);
  return random;
}

/** A number between both ends with that many decimals. */
export function numberBetween(random: Faker, min: number, max: number, decimals = 0): number {
  return Number(random.number.float({ min, max }).toFixed(decimals));
}

/** True once in `1 / probability` calls. */
export function chance(random: Faker, probability: number): boolean {
  return random.datatype.boolean(probability);
}
