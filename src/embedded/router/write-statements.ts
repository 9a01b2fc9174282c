/** The statements of a write command and the shards that they concern. */

import { CODE, Refusal } from './errors.ts';
import { type CollectionRoute, ownerOf } from './routing-table.ts';
import { keyInFilter, shardsFor } from './targeting.ts';
import { type Element, findElement, isTrue, numberIn } from './wire/bson-bytes.ts';
import { isOrdered, valueIn } from './wire/bson-order.ts';

export type WriteCommand = 'insert' | 'update' | 'delete';

/** Where each command keeps its statements. */
export const STATEMENT_FIELD: Readonly<Record<WriteCommand, string>> = { insert: 'documents', update: 'updates', delete: 'deletes' };

/**
 * The shards that a statement concerns: one, or several for a statement on many documents.
 * @throws Refusal for a statement on one document that does not say which
 */
export function shardsOfStatement(command: WriteCommand, statement: Buffer, route: CollectionRoute): readonly string[] {
  if (!route.isSharded || route.shards.length === 1) return route.shards;
  if (command === 'insert') return [ownerOfDocument(statement, route)];
  const query = findElement(statement, 0, 'q') as Element;
  const usesCollation = findElement(statement, 0, 'collation') !== undefined;
  const key = usesCollation ? undefined : keyInFilter(statement, query.value);
  if (key) return [ownerOf(route, key)];
  if (!isMulti(command, statement)) {
    throw new Refusal(CODE.shardKeyNotFound, `${command} of one document on a sharded collection must name its _id`);
  }
  return shardsFor(route, statement, query.value, usesCollation);
}

function ownerOfDocument(document: Buffer, route: CollectionRoute): string {
  const id = findElement(document, 0, '_id');
  if (!id) throw new Refusal(CODE.shardKeyNotFound, 'a document for a sharded collection must have an _id');
  if (!isOrdered(id.type)) throw new Refusal(CODE.badValue, 'an _id of this type is not supported by this router');
  return ownerOf(route, valueIn(document, id));
}

function isMulti(command: WriteCommand, statement: Buffer): boolean {
  if (command === 'update') return isTrue(statement, findElement(statement, 0, 'multi'));
  return numberIn(statement, findElement(statement, 0, 'limit')) === 0;
}

/** Statements for one shard, as indices into the client's list. */
export interface Group {
  readonly shard: string;
  readonly indices: number[];
}

/**
 * Groups the statements by shard: for an unordered command one group a shard, to be sent at once; for an ordered one a group
 * for each run of neighbours on the same shard, to be sent one after another.
 */
export function groupByShard(shardsByIndex: ReadonlyMap<number, readonly string[]>, isOrderedCommand: boolean): Group[] {
  const groups: Group[] = [];
  const open = new Map<string, Group>();
  for (const [index, shards] of shardsByIndex) {
    for (const shard of shards) {
      const known = isOrderedCommand ? groups.at(-1) : open.get(shard);
      if (known?.shard === shard) {
        known.indices.push(index);
        continue;
      }
      const group = { shard, indices: [index] };
      groups.push(group);
      open.set(shard, group);
    }
  }
  return groups;
}
