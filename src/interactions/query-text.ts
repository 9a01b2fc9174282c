/** Query texts as they stand in `If-None-Exist`, `Bundle.entry.request.url` and conditional references. */

import { invalidValue } from '../model/error.ts';

type Pairs = readonly (readonly [string, string])[];

const BROKEN_ESCAPE = /%(?![0-9A-Fa-f]{2})/;
const REPLACEMENT = '\ufffd';
const ESCAPED_REPLACEMENT = /%EF%BF%BD/i;

/**
 * Pairs of a query text, decoded; a leading `?` is allowed: "a=1&b=2".
 * @throws FhirError 400 for a broken escape, which would be searched for as something that nobody wrote
 */
export function pairsIn(text: string): Pairs {
  const pairs = [...new URLSearchParams(text)];
  if (text.includes('%')) checkEscapes(text, pairs);
  return pairs;
}

function checkEscapes(text: string, pairs: Pairs): void {
  const trace = BROKEN_ESCAPE.test(text) ? '%' : ESCAPED_REPLACEMENT.test(text) ? undefined : REPLACEMENT;
  const broken = trace && pairs.find((pair) => pair.some((part) => part.includes(trace)));
  if (broken) throw invalidValue(`"${broken.join('=')}" holds a broken escape: they are of UTF-8, and "%" itself is %25`, broken[0]);
}

/** Those of `pairsIn`. @throws FhirError 400 for more than `most` too */
export function queryPairs(text: string, most: number): Pairs {
  return boundedPairs(pairsIn(text), most);
}

/** @throws FhirError 400 for more than `most`: each costs work */
export function boundedPairs(pairs: Pairs, most: number): Pairs {
  if (pairs.length > most) throw invalidValue(`a query has ${most} parameters at most, this one has ${pairs.length}`);
  return pairs;
}

/** The value of a parameter that can be given once; the same value twice is once. @throws FhirError 400 for another beside it */
export function onlyValue(pairs: Pairs, name: string): string | undefined {
  const value = pairs.find(([each]) => each === name)?.[1];
  const other = pairs.findLast(([each]) => each === name)?.[1];
  if (value !== other) throw invalidValue(`${name} is given twice, as "${value}" and as "${other}"`, name);
  return value;
}

/** The query text of pairs, encoded. */
export const queryText = (pairs: Pairs): string => new URLSearchParams(pairs as [string, string][]).toString();
