/** A client's connection: commands in, replies out, in the order in which they come. */
import type { Socket } from 'node:net';
import { serialize } from 'bson';
import { helloDocument } from './commands/hello.ts';
import { handlerOf } from './commands/table.ts';
import type { Router } from './context.ts';
import { CODE, errorReply, isTransientCode, Refusal, ShardError } from './errors.ts';
import { CommandError } from './shards/command-client.ts';
import { ShardUnreachable } from './shards/shard.ts';
import { elementAt, findElement, MalformedBson, nameOf } from './wire/bson-bytes.ts';
import { objectReply } from './wire/reply.ts';
import { parseRequest, type Request } from './wire/request.ts';
import {
  expectsNoReply,
  FrameReader,
  legacyQueryStart,
  legacyReplyOf,
  OP_MSG,
  OP_QUERY,
  opCodeOf,
  ProtocolError,
  requestIdOf,
} from './wire/wire.ts';

const HELLO_NAMES = new Set(['hello', 'ismaster', 'isMaster']);

export function serveClient(router: Router, socket: Socket, connectionId: number): void {
  socket.setNoDelay(true);
  const frames = new FrameReader((message) => {
    if (opCodeOf(message) === OP_MSG) void answer(router, socket, message, connectionId);
    else if (opCodeOf(message) === OP_QUERY) answerLegacy(socket, message, connectionId);
    else socket.destroy();
  });
  socket.on('data', (chunk: Buffer) => {
    try {
      frames.push(chunk);
    } catch (error) {
      // Whatever sent this does not speak the protocol; there is no frame to answer to.
      if (!(error instanceof ProtocolError)) socket.destroy();
    }
  });
  socket.on('error', () => socket.destroy());
}

async function answer(router: Router, socket: Socket, message: Buffer, connectionId: number): Promise<void> {
  const isSilent = expectsNoReply(message);
  if (isSilent) message.writeInt32LE(0, 16);
  const reply = await replyTo(router, message, connectionId);
  if (isSilent || socket.destroyed) return;
  reply.writeInt32LE(requestIdOf(message), 8);
  socket.write(reply);
}

async function replyTo(router: Router, message: Buffer, connectionId: number): Promise<Buffer> {
  let request: Request | undefined;
  try {
    request = parseRequest(message);
    if (HELLO_NAMES.has(request.name)) return objectReply(helloDocument(connectionId));
    const handler = handlerOf(request);
    if (!handler) throw new Refusal(CODE.commandNotFound, `no such command: '${request.name}' (this is Meridian's development router)`);
    return await handler(router, request);
  } catch (error) {
    return errorReplyOf(error, request);
  }
}

function errorReplyOf(error: unknown, request: Request | undefined): Buffer {
  const isInTransaction = request?.fields.has('autocommit') === true;
  if (error instanceof ShardError) {
    const { message, fields } = error.reply;
    const needsLabel =
      isInTransaction && !fields.has('errorLabels') && isTransientCode(error.code) && request?.name !== 'commitTransaction';
    return needsLabel ? errorReply(error.code, error.message, ['TransientTransactionError']) : message;
  }
  if (error instanceof Refusal) return errorReply(error.code, error.message, error.labels);
  if (error instanceof ShardUnreachable) {
    const isRetryable = request?.fields.has('txnNumber') && !isInTransaction;
    return errorReply(
      CODE.hostUnreachable,
      error.message,
      isInTransaction ? ['TransientTransactionError'] : isRetryable ? ['RetryableWriteError'] : [],
    );
  }
  if (error instanceof CommandError) return errorReply(error.code, error.message);
  if (error instanceof ProtocolError || error instanceof MalformedBson || error instanceof RangeError)
    return errorReply(CODE.badValue, error.message);
  return errorReply(8, error instanceof Error ? error.message : 'unknown error');
}

/** The first word of a driver that does not know yet who we are. */
function answerLegacy(socket: Socket, message: Buffer, connectionId: number): void {
  const start = legacyQueryStart(message);
  const isHello = HELLO_NAMES.has(nameOf(message, elementAt(message, start + 4))) || findElement(message, start, 'helloOk') !== undefined;
  const body = isHello
    ? { ...helloDocument(connectionId), ok: 1 }
    : { ok: 0, code: CODE.commandNotFound, errmsg: 'only hello comes by OP_QUERY' };
  socket.write(legacyReplyOf(serialize(body), 0, requestIdOf(message)));
}
