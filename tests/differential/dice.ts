/** Chance that can be repeated: the same seed, the same throws. */
import { createRandom } from '../support/random.ts';

export interface Dice {
  /** A whole number from `from` up to, not including, `to`. */
  whole(from: number, to: number): number;
  chance(probability: number): boolean;
  pick<T>(from: readonly T[]): T;
  /** Calls one of the makers. */
  pickOne<T>(from: readonly (() => T)[]): T;
  /** Each with this probability. */
  some<T>(from: readonly T[], probability: number): T[];
  shuffled<T>(list: readonly T[]): T[];
  /** 0 to `most` things. */
  times<T>(most: number, make: () => T): T[];
}

export function createDice(seed: number): Dice {
  const { below, pick } = createRandom(seed);
  const next = () => below(2 ** 30) / 2 ** 30;
  const whole = (from: number, to: number) => from + below(to - from);
  const times = <T>(most: number, make: () => T) => Array.from({ length: whole(0, most + 1) }, make);
  return {
    whole,
    pick,
    times,
    chance: (probability) => next() < probability,
    pickOne: (from) => pick(from)(),
    some: (from, probability) => from.filter(() => next() < probability),
    shuffled: (list) =>
      list
        .map((item) => ({ item, at: next() }))
        .sort((a, b) => a.at - b.at)
        .map(({ item }) => item),
  };
}
