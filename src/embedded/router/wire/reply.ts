/** Replies: what a shard's says, and our own. */
import { type Document, serialize } from 'bson';
import { documentEnd, documentOf, type Element, elementAt, findElement, numberIn, stringIn } from './bson-bytes.ts';
import { fieldsOf } from './request.ts';
import { BODY_START, messageOf } from './wire.ts';

/** A shard's answer. Our own connections get plain OP_MSGs: the body starts at a fixed place. */
export interface Reply {
  readonly message: Buffer;
  readonly fields: ReadonlyMap<string, Element>;
  /** The member that sent it: a cursor in it lives there. */
  readonly address: string;
}

export function parseReply(message: Buffer, address: string): Reply {
  return { message, fields: fieldsOf(message, BODY_START), address };
}

export function isOk({ message, fields }: Reply): boolean {
  return numberIn(message, fields.get('ok')) === 1;
}

/** The code of a reply that is not ok; 8 (UnknownError) if it names none. */
export function errorCodeOf({ message, fields }: Reply): number {
  return numberIn(message, fields.get('code')) ?? 8;
}

export function errorTextOf({ message, fields }: Reply): string {
  return stringIn(message, fields.get('errmsg')) ?? 'the shard gave no reason';
}

/** The code inside `writeConcernError`: the write was done, but perhaps not by enough members. */
export function writeConcernCodeOf({ message, fields }: Reply): number | undefined {
  const error = fields.get('writeConcernError');
  return error && numberIn(message, findElement(message, error.value, 'code'));
}

/** The members of an array of documents in a reply. */
export function documentsIn(bytes: Buffer, array: Element | undefined): Buffer[] {
  const documents: Buffer[] = [];
  if (!array) return documents;
  const end = documentEnd(bytes, array.value);
  for (let at = array.value + 4; at < end; ) {
    const element = elementAt(bytes, at);
    documents.push(bytes.subarray(element.value, element.end));
    at = element.end;
  }
  return documents;
}

/** The latest `operationTime` and `$clusterTime` of several replies, as elements: a causal session goes on from there. */
function timesOf(replies: readonly Reply[]): Uint8Array[] {
  let operation: { at: bigint; bytes: Uint8Array } | undefined;
  let cluster: { at: bigint; bytes: Uint8Array } | undefined;
  for (const { message, fields } of replies) {
    const operationTime = fields.get('operationTime');
    if (operationTime) {
      const at = message.readBigUInt64LE(operationTime.value);
      if (!operation || at > operation.at) operation = { at, bytes: message.subarray(operationTime.start, operationTime.end) };
    }
    const clusterTime = fields.get('$clusterTime');
    const inner = clusterTime && findElement(message, clusterTime.value, 'clusterTime');
    if (clusterTime && inner) {
      const at = message.readBigUInt64LE(inner.value);
      if (!cluster || at > cluster.at) cluster = { at, bytes: message.subarray(clusterTime.start, clusterTime.end) };
    }
  }
  return [operation, cluster].flatMap((time) => (time ? [time.bytes] : []));
}

const OK_ELEMENT = Buffer.from([0x01, 0x6f, 0x6b, 0, 0, 0, 0, 0, 0, 0, 0xf0, 0x3f]);

/** A successful reply of the given elements, `ok: 1` and the times of the shards' replies. */
export function replyOf(elements: readonly Uint8Array[], replies: readonly Reply[] = []): Buffer {
  return messageOf(documentOf([...elements, OK_ELEMENT, ...timesOf(replies)]), 0, 0);
}

/** A successful reply from an object, `ok: 1` added. */
export function objectReply(document: Document): Buffer {
  return messageOf(serialize({ ...document, ok: 1 }), 0, 0);
}
