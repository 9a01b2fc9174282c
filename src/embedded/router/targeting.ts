/** Which shards a filter can match on, told by its condition on `_id`. */

import { type CollectionRoute, chunkIndexOf, ownerOf } from './routing-table.ts';
import { documentEnd, type Element, elementAt, findElement, nameOf, TYPE } from './wire/bson-bytes.ts';
import { compareValues, isOrdered, type Value, valueIn } from './wire/bson-order.ts';

/** True for a value that an equality on `_id` compares as it stands: no operators, no pattern, nothing whose order we don't know. */
function isPlainKey(bytes: Buffer, element: Element): boolean {
  switch (element.type) {
    case TYPE.document:
      return bytes[element.value + 4] !== 0 && bytes[element.value + 5] !== 0x24; // empty, or its first name starts with "$"
    case TYPE.array:
    case TYPE.null:
    case TYPE.undefined:
      return false;
    default:
      return isOrdered(element.type);
  }
}

/** The key that the filter demands of `_id`: `{_id: x}` or `{_id: {$eq: x}}`. */
export function keyInFilter(bytes: Buffer, filterStart: number): Value | undefined {
  const id = findElement(bytes, filterStart, '_id');
  if (!id) return undefined;
  if (isPlainKey(bytes, id)) return valueIn(bytes, id);
  if (id.type !== TYPE.document) return undefined;
  const equal = findElement(bytes, id.value, '$eq');
  return equal && isPlainKey(bytes, equal) ? valueIn(bytes, equal) : undefined;
}

/** The members of `{_id: {$in: […]}}`, if all of them are plain keys. */
export function keysInFilter(bytes: Buffer, filterStart: number): Element[] | undefined {
  const id = findElement(bytes, filterStart, '_id');
  if (id?.type !== TYPE.document) return undefined;
  const list = findElement(bytes, id.value, '$in');
  if (list?.type !== TYPE.array) return undefined;
  const keys: Element[] = [];
  const end = documentEnd(bytes, list.value);
  for (let at = list.value + 4; at < end; ) {
    const element = elementAt(bytes, at);
    if (!isPlainKey(bytes, element)) return undefined;
    keys.push(element);
    at = element.end;
  }
  return keys;
}

/** The shards that hold the keys between the bounds that `{_id: {$gte, $lt, …}}` names. */
function shardsInRange(bytes: Buffer, id: Element, route: CollectionRoute): readonly string[] {
  let from = 0;
  let to = route.owners.length - 1;
  const end = documentEnd(bytes, id.value);
  for (let at = id.value + 4; at < end; ) {
    const element = elementAt(bytes, at);
    at = element.end;
    if (!isPlainKey(bytes, element)) continue;
    const operator = nameOf(bytes, element);
    if (operator === '$gte' || operator === '$gt') from = Math.max(from, chunkIndexOf(route, valueIn(bytes, element)));
    if (operator === '$lte') to = Math.min(to, chunkIndexOf(route, valueIn(bytes, element)));
    if (operator === '$lt') to = Math.min(to, lastBefore(route, valueIn(bytes, element)));
  }
  return unique(route.owners.slice(from, Math.max(to, from) + 1));
}

/** The chunk of the greatest key below the bound. */
function lastBefore(route: CollectionRoute, bound: Value): number {
  const index = chunkIndexOf(route, bound);
  const start = route.bounds[index - 1];
  return start && compareValues(start, bound) === 0 ? index - 1 : index;
}

function unique(shards: readonly string[]): string[] {
  return [...new Set(shards)];
}

/**
 * The shards that the filter can match on: never one too few. `usesCollation`: strings are then not compared by their
 * bytes, and nothing can be told from them.
 */
export function shardsFor(
  route: CollectionRoute,
  bytes: Buffer,
  filterStart: number | undefined,
  usesCollation = false,
): readonly string[] {
  if (!route.isSharded || route.shards.length === 1 || filterStart === undefined || usesCollation) return route.shards;
  const key = keyInFilter(bytes, filterStart);
  if (key) return [ownerOf(route, key)];
  const keys = keysInFilter(bytes, filterStart);
  if (keys) return keys.length === 0 ? route.shards.slice(0, 1) : unique(keys.map((element) => ownerOf(route, valueIn(bytes, element))));
  const id = findElement(bytes, filterStart, '_id');
  if (id?.type === TYPE.document) return shardsInRange(bytes, id, route);
  return shardsInConjunction(route, bytes, filterStart);
}

/** `{$and: […]}` can match no more than the narrowest of its parts, `{$or: […]}` what any of its parts can. */
function shardsInConjunction(route: CollectionRoute, bytes: Buffer, filterStart: number): readonly string[] {
  let narrowest = shardsInDisjunction(route, bytes, filterStart);
  for (const part of partsOf(bytes, filterStart, '$and')) {
    const shards = shardsFor(route, bytes, part);
    if (shards.length < narrowest.length) narrowest = shards;
  }
  return narrowest;
}

function shardsInDisjunction(route: CollectionRoute, bytes: Buffer, filterStart: number): readonly string[] {
  const parts = partsOf(bytes, filterStart, '$or');
  return parts.length === 0 ? route.shards : unique(parts.flatMap((part) => shardsFor(route, bytes, part)));
}

/** Where the documents in the list of a logical operator begin. */
function partsOf(bytes: Buffer, filterStart: number, operator: '$and' | '$or'): number[] {
  const list = findElement(bytes, filterStart, operator);
  const parts: number[] = [];
  if (list?.type !== TYPE.array) return parts;
  const end = documentEnd(bytes, list.value);
  for (let at = list.value + 4; at < end; ) {
    const part = elementAt(bytes, at);
    at = part.end;
    if (part.type === TYPE.document) parts.push(part.value);
  }
  return parts;
}
