/** Replies that carry a cursor, a shard's or our own. */

import type { Router } from '../context.ts';
import type { Source } from '../merged-cursor.ts';
import { elementsAsBytes } from '../routing-table.ts';
import { arrayElement, documentOf, type Element, findElement, renamed, TYPE } from '../wire/bson-bytes.ts';
import { documentsIn, type Reply, replyOf } from '../wire/reply.ts';

interface ShardCursor {
  readonly id: bigint;
  readonly documents: () => Buffer[];
}

/** The cursor in a shard's reply; `documents` are those of its batch. */
export function cursorIn({ message, fields }: Reply): ShardCursor {
  const cursor = fields.get('cursor');
  const id = cursor && findElement(message, cursor.value, 'id');
  return {
    id: id ? message.readBigInt64LE(id.value) : 0n,
    documents: () => documentsIn(message, cursor && batchIn(message, cursor)),
  };
}

function batchIn(message: Buffer, cursor: Element): Element | undefined {
  return findElement(message, cursor.value, 'firstBatch') ?? findElement(message, cursor.value, 'nextBatch');
}

/** Remembers where a shard's cursor lives, if it stays open. */
export function registerCursor(router: Router, shardId: string, reply: Reply, isCluster = false): void {
  const { id } = cursorIn(reply);
  if (id === 0n) return;
  router.cursors.set(id, { kind: 'member', shard: shardId, address: reply.address, isCluster });
}

export function sourceOf(shardId: string, reply: Reply): Source {
  const { id, documents } = cursorIn(reply);
  return { shard: shardId, address: reply.address, id, documents: documents() };
}

function longElement(name: string, value: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64LE(value);
  return renamed(bytes, { type: TYPE.long, start: 0, value: 0, end: 8 }, name);
}

function stringElement(name: string, value: string): Buffer {
  const text = Buffer.from(`${value}\0`);
  const length = Buffer.alloc(4);
  length.writeInt32LE(text.length);
  return Buffer.concat([Buffer.from(`\x02${name}\0`, 'latin1'), length, text]);
}

interface Batch {
  readonly field: 'firstBatch' | 'nextBatch';
  readonly id: bigint;
  readonly namespace: string;
  /** Of a change stream: how far it has come. */
  readonly token?: string;
}

/** The `cursor` element of a reply, name and value. */
export function batchElements(documents: readonly Buffer[], { field, id, namespace, token }: Batch): Uint8Array[] {
  const resume = token === undefined ? [] : elementsAsBytes({ postBatchResumeToken: { _data: token } });
  const cursor = documentOf([arrayElement(field, documents), longElement('id', id), stringElement('ns', namespace), ...resume]);
  return [Buffer.from('\x03cursor\0', 'latin1'), cursor];
}

/** A reply with a batch of our own. */
export function batchReply(documents: readonly Buffer[], options: Batch & { readonly replies?: readonly Reply[] }): Buffer {
  return replyOf(batchElements(documents, options), options.replies);
}
