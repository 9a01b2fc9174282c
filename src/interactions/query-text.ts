/** Query texts as they stand in `If-None-Exist`, `Bundle.entry.request.url` and conditional references. */

import { invalidValue } from '../model/error.ts';

type Pairs = readonly (readonly [string, string])[];

/** Pairs of a query text, decoded; a leading `?` is allowed: "a=1&b=2". @throws FhirError 400 for more than `most` */
export function queryPairs(text: string, most: number): Pairs {
  return boundedPairs([...new URLSearchParams(text)], most);
}

/** @throws FhirError 400 for more than `most`: each costs work */
export function boundedPairs(pairs: Pairs, most: number): Pairs {
  if (pairs.length > most) throw invalidValue(`a query has ${most} parameters at most, this one has ${pairs.length}`);
  return pairs;
}

/** The query text of pairs, encoded. */
export const queryText = (pairs: Pairs): string => new URLSearchParams(pairs as [string, string][]).toString();
