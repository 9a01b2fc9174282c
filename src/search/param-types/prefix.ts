/** Prefixes of ordered values. @see https://hl7.org/fhir/R4/search.html#prefix */
import type { BoundCondition, SearchExpression } from '../expression/expression.ts';
import { or } from '../expression/expression.ts';

export type Prefix = 'eq' | 'ne' | 'gt' | 'lt' | 'ge' | 'le' | 'sa' | 'eb' | 'ap';

const PREFIXED = /^(eq|ne|gt|lt|ge|le|sa|eb|ap)(.+)$/s;

/** `ge2024` → ge and `2024`; without a prefix `eq`. */
export function takePrefix(text: string): { readonly prefix: Prefix; readonly rest: string } {
  const match = PREFIXED.exec(text);
  return match ? { prefix: match[1] as Prefix, rest: match[2] ?? '' } : { prefix: 'eq', rest: text };
}

/** Alternatives of conditions, each on *one* range. */
export type RangeTest = readonly (readonly BoundCondition[])[];

export const bound = (end: 'lo' | 'hi', op: BoundCondition['op'], value: number): BoundCondition => ({ bound: end, op, value });

/** The test on the ranges under a key. */
export function onRanges(key: string, test: RangeTest): SearchExpression {
  return or(test.map((conditions): SearchExpression => ({ kind: 'range', key, conditions })));
}
