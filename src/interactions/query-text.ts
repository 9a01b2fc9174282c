/** Query texts as they stand in `If-None-Exist`, `Bundle.entry.request.url` and conditional references. */

import { invalidValue } from '../model/error.ts';

type Pairs = readonly (readonly [string, string])[];

/** Far more than any question needs; each costs work. */
const MAX_PAIRS = 200;

/** Pairs of a query text, decoded; a leading `?` is allowed: "a=1&b=2". @throws FhirError 400 for more than 200 */
export function queryPairs(text: string): Pairs {
  return boundedPairs([...new URLSearchParams(text)]);
}

/** @throws FhirError 400 for more than 200 */
export function boundedPairs(pairs: Pairs): Pairs {
  if (pairs.length > MAX_PAIRS) throw invalidValue(`a query has ${MAX_PAIRS} parameters at most, this one has ${pairs.length}`);
  return pairs;
}

/** The query text of pairs, encoded. */
export const queryText = (pairs: Pairs): string => new URLSearchParams(pairs as [string, string][]).toString();
