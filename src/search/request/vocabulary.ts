/** What meaning needs of value sets and code systems; `terminology` finds it out before a search is parsed. */
import type { CodeSet } from '../../definitions/definitions.ts';

/** Codes by system, or why they can't be told: the rest of a sentence about what was asked for. */
export type KnownCodes = { readonly codes: CodeSet; readonly why?: undefined } | { readonly codes?: undefined; readonly why: string };

export interface Vocabulary {
  /** The codes of a value set, by its canonical URL. */
  valueSet(url: string): KnownCodes;
  /** A code and those above or below it in its system. */
  related(direction: 'above' | 'below', system: string, code: string): KnownCodes;
}
