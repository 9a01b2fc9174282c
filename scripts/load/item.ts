/** What is sent in one request: a batch or transaction Bundle. */
import { createHash } from 'node:crypto';

export interface LoadItem {
  /** File name, with the place in it if the file holds several: for the report. */
  readonly name: string;
  readonly body: Buffer;
  /** SHA-256 of the body; also the Idempotency-Key. */
  readonly hash: string;
  readonly entries: number;
  /** How much of the input it stands for, in bytes: for the progress bar. */
  readonly bytes: number;
}

/** Something found in the input that can't be sent. */
export interface Unloadable {
  readonly name: string;
  readonly bytes: number;
  readonly reason: string;
}

export function createItem(name: string, body: Buffer, entries: number, bytes = body.length): LoadItem {
  return { name, body, hash: createHash('sha256').update(body).digest('hex'), entries, bytes };
}
