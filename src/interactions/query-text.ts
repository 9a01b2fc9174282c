/** Query texts as they stand in `If-None-Exist`, `Bundle.entry.request.url` and conditional references. */

type Pairs = readonly (readonly [string, string])[];

/** Pairs of a query text, decoded; a leading `?` is allowed: "a=1&b=2". */
export function queryPairs(text: string): Pairs {
  return [...new URLSearchParams(text)];
}

/** The query text of pairs, encoded. */
export const queryText = (pairs: Pairs): string => new URLSearchParams(pairs as [string, string][]).toString();
