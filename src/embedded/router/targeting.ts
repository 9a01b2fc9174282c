/** Which shards a filter can match on, told by its condition on `_id`. */
import { documentEnd, type Element, elementAt, findElement, nameOf, TYPE } from './bson-bytes.ts';
import { isOrdered, type Value, valueIn } from './bson-order.ts';
import { type CollectionRoute, chunkIndexOf, ownerOf } from './routing-table.ts';

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
    // An exclusive bound that is a chunk's first key still names that chunk: one shard too many now and then, never one too few.
    if (operator === '$lte' || operator === '$lt') to = Math.min(to, chunkIndexOf(route, valueIn(bytes, element)));
  }
  return unique(route.owners.slice(from, Math.max(to, from) + 1));
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

/** `{$and: […]}` can match no more than the narrowest of its parts. */
function shardsInConjunction(route: CollectionRoute, bytes: Buffer, filterStart: number): readonly string[] {
  const and = findElement(bytes, filterStart, '$and');
  let narrowest = route.shards;
  if (and?.type !== TYPE.array) return narrowest;
  const end = documentEnd(bytes, and.value);
  for (let at = and.value + 4; at < end; ) {
    const part = elementAt(bytes, at);
    at = part.end;
    if (part.type !== TYPE.document) continue;
    const shards = shardsFor(route, bytes, part.value);
    if (shards.length < narrowest.length) narrowest = shards;
  }
  return narrowest;
}
