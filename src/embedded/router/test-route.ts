/** What the router's unit tests share: values as they stand in BSON, and where a split collection lies. */
import { MaxKey, serialize } from 'bson';
import type { CollectionRoute } from './routing-table.ts';
import { elementAt } from './wire/bson-bytes.ts';
import { type Value, valueIn } from './wire/bson-order.ts';

const BEHIND_LENGTH = 4;

export function bsonValue(content: unknown): Value {
  const bytes = Buffer.from(serialize({ content }));
  return valueIn(bytes, elementAt(bytes, BEHIND_LENGTH));
}

/** Ranges up to each of the bounds and from the last one on, with the shard of each. */
export function routeOver(bounds: readonly unknown[], owners: readonly string[]): CollectionRoute {
  return {
    isSharded: true,
    shards: [...new Set(owners)],
    versions: new Map(),
    bounds: [...bounds, new MaxKey()].map(bsonValue),
    owners,
    uuid: undefined,
  };
}
