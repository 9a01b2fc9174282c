/** The replies of several shards to the parts of one write command, as one reply. */

import { isStaleCode } from './errors.ts';
import { arrayElement, findElement, intElement, numberIn } from './wire/bson-bytes.ts';
import { documentsIn, type Reply, replyOf } from './wire/reply.ts';

export class WriteOutcome {
  readonly #replies: Reply[] = [];
  readonly #errors: { readonly index: number; readonly bytes: Buffer }[] = [];
  readonly #upserted: { readonly index: number; readonly bytes: Buffer }[] = [];
  #n = 0;
  #modified = 0;
  #concern: Uint8Array | undefined;

  get hasErrors(): boolean {
    return this.#errors.length > 0;
  }

  /** Takes a shard's reply in; `indices` are its statements' places in the client's list. Gives those that a stale route kept from being done. */
  add(reply: Reply, indices: readonly number[]): number[] {
    const { message, fields } = reply;
    this.#replies.push(reply);
    this.#n += numberIn(message, fields.get('n')) ?? 0;
    this.#modified += numberIn(message, fields.get('nModified')) ?? 0;
    for (const bytes of documentsIn(message, fields.get('upserted'))) this.#upserted.push({ index: reindex(bytes, indices), bytes });
    const concern = fields.get('writeConcernError');
    if (concern) this.#concern = message.subarray(concern.start, concern.end);
    const stale: number[] = [];
    for (const bytes of documentsIn(message, fields.get('writeErrors'))) {
      const index = reindex(bytes, indices);
      if (isStaleCode(numberIn(bytes, findElement(bytes, 0, 'code')) ?? 0)) stale.push(index);
      else this.#errors.push({ index, bytes });
    }
    return stale;
  }

  reply(isUpdate: boolean): Buffer {
    const elements: Uint8Array[] = [intElement('n', this.#n)];
    if (isUpdate) elements.push(intElement('nModified', this.#modified));
    if (this.#upserted.length > 0) elements.push(arrayElement('upserted', inOrder(this.#upserted)));
    if (this.#errors.length > 0) elements.push(arrayElement('writeErrors', inOrder(this.#errors)));
    if (this.#concern) elements.push(this.#concern);
    return replyOf(elements, this.#replies);
  }
}

function inOrder(entries: { readonly index: number; readonly bytes: Buffer }[]): Buffer[] {
  return entries.sort((a, b) => a.index - b.index).map(({ bytes }) => bytes);
}

/** Replaces the shard's index by the client's, in place; gives it. */
function reindex(bytes: Buffer, indices: readonly number[]): number {
  const element = findElement(bytes, 0, 'index');
  if (!element) return 0;
  const index = indices[bytes.readInt32LE(element.value)] ?? 0;
  bytes.writeInt32LE(index, element.value);
  return index;
}
