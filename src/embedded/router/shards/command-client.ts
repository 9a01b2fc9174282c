/** Commands as objects, one promise each: for set-up, administration and look-ups, not for the hot path. */
import { type Document, deserialize, serialize } from 'bson';
import { messageOf, sectionsOf } from '../wire/wire.ts';
import { ConnectionPool } from './connection.ts';

/** An error that a server answered with. */
export class CommandError extends Error {
  readonly code: number;
  readonly codeName: string;
  readonly reply: Document;

  constructor(reply: Document) {
    super(String(reply.errmsg ?? 'command failed'));
    this.code = Number(reply.code ?? 8);
    this.codeName = String(reply.codeName ?? 'UnknownError');
    this.reply = reply;
  }
}

/** Sends a command over a pool; its reply as an object. @throws CommandError, or the network's error */
export function runCommand(pool: Pick<ConnectionPool, 'send'>, database: string, command: Document): Promise<Document> {
  return new Promise((resolve, reject) => {
    pool.send(messageOf(serialize({ ...command, $db: database }), 1, 0), {
      onReply: (message) => {
        const reply = bodyOf(message);
        if (reply.ok === 1) resolve(reply);
        else reject(new CommandError(reply));
      },
      onFailure: reject,
    });
  });
}

/** The body of an OP_MSG as an object; longs stay bigints so that cursor ids and versions keep every digit. */
export function bodyOf(message: Buffer): Document {
  return documentAt(message, sectionsOf(message).bodyStart);
}

export function documentAt(bytes: Buffer, start: number): Document {
  return deserialize(bytes.subarray(start, start + bytes.readInt32LE(start)), { useBigInt64: true, promoteBuffers: false });
}

/** One command on a connection of its own. @throws as `runCommand`; also after `timeoutMs` without an answer */
export async function runOnce(address: string, database: string, command: Document, timeoutMs = 10_000): Promise<Document> {
  const pool = new ConnectionPool(address, { maxSize: 1 });
  const timer = setTimeout(() => pool.close(), timeoutMs);
  try {
    return await runCommand(pool, database, command);
  } finally {
    clearTimeout(timer);
    pool.close();
  }
}

/** Every document of a cursor-giving command (find, aggregate). */
export async function runCursor(pool: Pick<ConnectionPool, 'send'>, database: string, command: Document): Promise<Document[]> {
  const { cursor } = await runCommand(pool, database, command);
  const documents: Document[] = cursor.firstBatch;
  const collection = String(cursor.ns).slice(database.length + 1);
  for (let id: bigint = BigInt(cursor.id); id !== 0n; ) {
    const more = await runCommand(pool, database, { getMore: id, collection });
    documents.push(...more.cursor.nextBatch);
    id = BigInt(more.cursor.id);
  }
  return documents;
}
