/** The order of search results, as every store must keep it. */

import type { ResourceDraft } from '../model/resource.ts';
import { identityOf } from '../model/resource.ts';
import type { SortKey, StoreSearch } from './store.ts';

/** A value to sort by: null if the resource has none. */
export type SortValue = number | string | null;

/**
 * Order of the texts' UTF-8 bytes, which is that of their code points; `<` on JavaScript strings compares UTF-16 units and
 * puts U+10000 and above before U+E000.
 */
export function compareBytes(a: string, b: string): number {
  if (a === b) return 0;
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    if (a.charCodeAt(i) === b.charCodeAt(i)) continue;
    const [left, right] = [codePointFrom(a, i), codePointFrom(b, i)];
    return left - right;
  }
  return a.length - b.length;
}

function codePointFrom(text: string, index: number): number {
  const unit = text.charCodeAt(index);
  const inPair = unit >= 0xdc00 && unit < 0xe000 && index > 0;
  return (inPair ? text.codePointAt(index - 1) : text.codePointAt(index)) ?? unit;
}

/** Numbers before texts; nulls last, whichever the direction. */
export function compareValues(a: SortValue, b: SortValue, descending: boolean): number {
  if (a === null || b === null) return a === b ? 0 : a === null ? 1 : -1;
  const ascending = typeof a === 'string' && typeof b === 'string' ? compareBytes(a, b) : compareMixed(a, b);
  return descending ? -ascending : ascending;
}

function compareMixed(a: number | string, b: number | string): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  return typeof a === 'number' ? -1 : 1;
}

/** The values of one resource in the order of the keys: see `SortKey` for what a key names. */
export function sortValuesOf(draft: ResourceDraft, sort: readonly SortKey[]): SortValue[] {
  return sort.map((key) => sortValueOf(draft, key));
}

function sortValueOf(draft: ResourceDraft, key: SortKey): SortValue {
  if (key.parameter === '_identity') return identityOf(draft);
  if (key.parameter === '_id') return draft.id;
  if (key.parameter === '_lastUpdated') return draft.at;
  const scalar = Object.hasOwn(draft.index.o, key.parameter) ? draft.index.o[key.parameter] : undefined;
  if (!scalar) return null;
  return key.descending ? scalar.max : scalar.min;
}

/** Compares two lists of sort values key by key. */
export function compareSortValues(a: readonly SortValue[], b: readonly SortValue[], sort: readonly SortKey[]): number {
  for (const [index, key] of sort.entries()) {
    const order = compareValues(a[index] ?? null, b[index] ?? null, key.descending);
    if (order !== 0) return order;
  }
  return 0;
}

/** The order in which a search gives its matches: that of its sort, or the opposite for a search backward. */
export function compareMatches(
  a: readonly SortValue[],
  b: readonly SortValue[],
  { sort, backward }: Pick<StoreSearch, 'sort' | 'backward'>,
): number {
  return backward ? compareSortValues(b, a, sort) : compareSortValues(a, b, sort);
}
