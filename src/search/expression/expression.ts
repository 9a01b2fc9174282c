/**
 * What a search means, as plain readonly data over index entries (`model/resource`, `IndexEntries`).
 *
 * What `ge2024` or `:exact` means is decided in `param-types`, which build these; stores compare entries and decide nothing.
 * @see https://hl7.org/fhir/R4/search.html
 */

/** A condition on one end of one range entry: "the entry's `hi` is at least 5". */
export interface BoundCondition {
  readonly bound: 'lo' | 'hi';
  readonly op: 'lt' | 'le' | 'gt' | 'ge';
  readonly value: number;
}

/** Where a position's degrees are kept. */
export interface PositionKeys {
  readonly latitude: string;
  readonly longitude: string;
}

export type SearchExpression =
  | { readonly kind: 'everything' }
  | { readonly kind: 'nothing' }
  | { readonly kind: 'and'; readonly of: readonly SearchExpression[] }
  | { readonly kind: 'or'; readonly of: readonly SearchExpression[] }
  | { readonly kind: 'not'; readonly of: SearchExpression }
  /** `s` holds exactly this entry. */
  | { readonly kind: 'equals'; readonly entry: string }
  /** `s` holds at least one of these entries. */
  | { readonly kind: 'among'; readonly entries: readonly string[] }
  /** `s` holds an entry that starts so. */
  | { readonly kind: 'prefix'; readonly entry: string }
  /** `s` holds an entry that starts so and has `text` after it, before the entry's end or its first U+001F; `isEnd`: right before. */
  | { readonly kind: 'contains'; readonly start: string; readonly text: string; readonly isEnd?: true }
  /** *One* entry of `r` with this key meets every condition. */
  | { readonly kind: 'range'; readonly key: string; readonly conditions: readonly BoundCondition[] }
  /** The position, of which there is one at most under these keys of `r`, is no further away than this (`haversine.ts`). */
  | {
      readonly kind: 'near';
      readonly keys: PositionKeys;
      readonly latitude: number;
      readonly longitude: number;
      readonly kilometres: number;
    }
  /** The resource is of one of these types. */
  | { readonly kind: 'types'; readonly types: readonly string[] }
  /** The logical id is one of these. */
  | { readonly kind: 'ids'; readonly ids: readonly string[] }
  /** The resource is in this patient's compartment: "Patient/123". */
  | { readonly kind: 'patient'; readonly reference: string }
  /** The resource is in the compartment of one of these patients. */
  | { readonly kind: 'patients'; readonly references: readonly string[] }
  /** The resource is in no patient's compartment but of these; it may be in none. */
  | { readonly kind: 'patients-only'; readonly references: readonly string[] }
  /** `meta.lastUpdated` meets every condition (milliseconds; `lo` and `hi` are the same instant). */
  | { readonly kind: 'updated'; readonly conditions: readonly BoundCondition[] };

/** Every resource meets it: a conjunction of nothing. */
export const EVERYTHING: SearchExpression = { kind: 'everything' };
/** No resource meets it: a disjunction of nothing. */
export const NOTHING: SearchExpression = { kind: 'nothing' };

/** All of these. One is itself; none is everything. */
export function and(of: readonly SearchExpression[]): SearchExpression {
  const first = of[0];
  if (!first) return EVERYTHING;
  return of.length === 1 ? first : { kind: 'and', of };
}

/** Any of these. One is itself; none is nothing. */
export function or(of: readonly SearchExpression[]): SearchExpression {
  const first = of[0];
  if (!first) return NOTHING;
  return of.length === 1 ? first : { kind: 'or', of };
}

/** Met by the resources that do not meet `of`. */
export const not = (of: SearchExpression): SearchExpression => ({ kind: 'not', of });
