/**
 * A filter that is asked of several shards, each with its own part of it: what can match elsewhere only would be parsed and
 * planned on every shard.
 */

import { type CollectionRoute, ownerOf } from './routing-table.ts';
import { keysInFilter, shardsFor } from './targeting.ts';
import { arrayOfValues, documentOf, type Element, elementsOf, findElement, renamed, TYPE } from './wire/bson-bytes.ts';
import { valueIn } from './wire/bson-order.ts';

/**
 * By shard, the element `filter` that stands for the whole there: of `{_id: {$in: […]}}` its own keys, of `{$or: […]}` the
 * parts that can match there. Undefined for any other filter; a shard that is not named is to be asked the whole.
 */
export function filtersByShard(message: Buffer, filter: Element, route: CollectionRoute): ReadonlyMap<string, Buffer> | undefined {
  return keysByShard(message, filter, route) ?? alternativesByShard(message, filter, route);
}

function keysByShard(message: Buffer, filter: Element, route: CollectionRoute): Map<string, Buffer> | undefined {
  const keys = keysInFilter(message, filter.value);
  if (!keys) return undefined;
  const owned = Map.groupBy(keys, (key) => ownerOf(route, valueIn(message, key)));
  return new Map([...owned].map(([shard, own]) => [shard, withKeys(message, filter, own)]));
}

function withKeys(message: Buffer, filter: Element, keys: readonly Element[]): Buffer {
  const id = findElement(message, filter.value, '_id') as Element;
  const list = findElement(message, id.value, '$in') as Element;
  const inList = arrayOfValues('$in', message, keys);
  const condition = documentOf([message.subarray(id.value + 4, list.start), inList, message.subarray(list.end, id.end - 1)]);
  const [key] = keys;
  const isAlone = keys.length === 1 && list.end === id.end - 1 && list.start === id.value + 4;
  return filterWith(message, filter, id, key && isAlone ? renamed(message, key, '_id') : named('_id', condition));
}

function alternativesByShard(message: Buffer, filter: Element, route: CollectionRoute): Map<string, Buffer> | undefined {
  const list = findElement(message, filter.value, '$or');
  if (list?.type !== TYPE.array) return undefined;
  const owned = new Map<string, Element[]>();
  for (const part of elementsOf(message, list.value)) {
    if (part.type !== TYPE.document) return undefined;
    for (const shard of shardsFor(route, message, part.value)) owned.set(shard, [...(owned.get(shard) ?? []), part]);
  }
  return new Map([...owned].map(([shard, parts]) => [shard, filterWith(message, filter, list, arrayOfValues('$or', message, parts))]));
}

/** The filter with one of its elements replaced. */
function filterWith(message: Buffer, filter: Element, old: Element, replacement: Buffer): Buffer {
  const before = message.subarray(filter.value + 4, old.start);
  return named('filter', documentOf([before, replacement, message.subarray(old.end, filter.end - 1)]));
}

const named = (name: string, document: Buffer) => Buffer.concat([Buffer.from(`\x03${name}\0`, 'latin1'), document]);
