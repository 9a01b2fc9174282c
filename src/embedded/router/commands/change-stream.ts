/** `aggregate` with `$changeStream`: a plain stream on every shard, merged here. */

import { type Document, Long, serialize, Timestamp } from 'bson';
import { gossipOf, MergedChangeStream, type ShardStream, type StreamActions, timeOf } from '../change-stream.ts';
import type { Router } from '../context.ts';
import { CODE, Refusal } from '../errors.ts';
import { bodyOf, CommandError, runCommand } from '../shards/command-client.ts';
import { callOver, type Shard } from '../shards/shard.ts';
import { findElement, stringIn } from '../wire/bson-bytes.ts';
import { parseReply, replyOf } from '../wire/reply.ts';
import { namespaceOf, type Request } from '../wire/request.ts';
import { messageOf } from '../wire/wire.ts';
import { commandOf } from './collections.ts';
import { batchElements, cursorIn } from './cursor-reply.ts';

const DEFAULT_WAIT_MS = 1_000;
/** The error that a driver answers by opening the stream again where it was. */
const RESUMABLE = CODE.cursorNotFound;

export async function openChangeStream(router: Router, request: Request): Promise<Buffer> {
  const { pipeline, ...options } = commandOf(request);
  const [{ $changeStream: asked }, ...stages] = pipeline;
  const { resumeAfter, startAfter, ...rest } = asked as Document;
  const after: string = (startAfter ?? resumeAfter)?._data ?? '';
  const shards = await router.shards.all();
  const startAtOperationTime = after ? timeOf(after) : (rest.startAtOperationTime ?? (await nextTime(shards)));
  const start = { ...rest, startAtOperationTime };
  const command = {
    ...options,
    pipeline: [{ $changeStream: start }, ...stages],
    cursor: { batchSize: 0 },
    $clusterTime: gossipOf(startAtOperationTime),
  };
  const streams = await Promise.all(shards.map((shard) => openOn(router, shard.id, request.database, command)));
  const collection = request.target || '$cmd.aggregate';
  const actions = actionsOf(router, request.database, collection);
  const stream = new MergedChangeStream(streams, {
    namespace: request.target ? namespaceOf(request) : `${request.database}.${collection}`,
    after,
    actions,
  });
  const id = router.cursors.nextId();
  router.cursors.set(id, { kind: 'stream', stream });
  return streamReply(stream, [], 'firstBatch', id);
}

/** A time after everything that has happened on any shard: left to themselves, idle shards would start in the past. */
async function nextTime(shards: readonly Shard[]): Promise<Timestamp> {
  const replies = await Promise.all(shards.map((shard) => shard.command('admin', { ping: 1 })));
  const times = replies.map(({ $clusterTime }) => $clusterTime.clusterTime as Timestamp);
  const latest = times.reduce((late, time) => (time.greaterThan(late) ? time : late), new Timestamp(0n));
  return new Timestamp(latest.toBigInt() + 1n);
}

async function openOn(router: Router, shardId: string, database: string, command: Document): Promise<ShardStream> {
  const shard = await router.shards.get(shardId);
  const primary = await shard.primary();
  const stream: ShardStream = {
    shard: shardId,
    id: 0n,
    events: [],
    token: '',
    fetching: undefined,
    nudgedFor: '',
    nudgedAt: 0,
    address: primary.address,
  };
  take(stream, await callOver(primary, messageOf(serialize({ ...command, $db: database }), 0, 0)));
  return stream;
}

/** Takes a shard's batch in. @throws CommandError */
function take(stream: ShardStream, message: Buffer): void {
  const reply = parseReply(message, stream.address);
  const cursor = reply.fields.get('cursor');
  if (!cursor) throw new CommandError(bodyOf(message));
  const { id, documents } = cursorIn(reply);
  const token = findElement(message, cursor.value, 'postBatchResumeToken');
  stream.id = id;
  stream.events.push(...documents());
  stream.token = (token && stringIn(message, findElement(message, token.value, '_data'))) ?? stream.token;
}

function actionsOf(router: Router, database: string, collection: string): StreamActions {
  return {
    fetch: async (stream, waitMs) => {
      const shard = await router.shards.get(stream.shard);
      const command = { getMore: Long.fromBigInt(stream.id), collection, maxTimeMS: waitMs, $db: database };
      take(stream, await shard.callMember(stream.address, messageOf(serialize(command), 0, 0)));
    },
    nudge: async (stream, token) => {
      const shard = await router.shards.get(stream.shard);
      await runCommand(await shard.primary(), 'admin', {
        appendOplogNote: 1,
        data: { noop: 'change stream' },
        $clusterTime: gossipOf(timeOf(token)),
      });
    },
  };
}

/** `getMore` on a merged stream. */
export async function nextOfStream(router: Router, request: Request, id: bigint, stream: MergedChangeStream): Promise<Buffer> {
  const { batchSize, maxTimeMS } = commandOf(request);
  let events: Buffer[];
  try {
    events = await stream.next(Number(batchSize ?? 1_000), Number(maxTimeMS ?? DEFAULT_WAIT_MS));
  } catch (error) {
    router.cursors.delete(id);
    closeStream(router, request.database, stream);
    throw new Refusal(RESUMABLE, `a shard's change stream broke off: ${(error as Error).message}`, ['ResumableChangeStreamError']);
  }
  if (stream.isDone) router.cursors.delete(id);
  return streamReply(stream, events, 'nextBatch', stream.isDone ? 0n : id);
}

function streamReply(stream: MergedChangeStream, events: readonly Buffer[], field: 'firstBatch' | 'nextBatch', id: bigint): Buffer {
  return replyOf(batchElements(events, { field, id, namespace: stream.namespace, token: stream.token }));
}

/** Closes the shards' streams; nobody waits for it. */
export function closeStream(router: Router, database: string, stream: MergedChangeStream): void {
  const collection = stream.namespace.slice(stream.namespace.indexOf('.') + 1);
  for (const { shard, id } of stream.streams) {
    const kill = { killCursors: collection, cursors: [Long.fromBigInt(id)] };
    if (id !== 0n)
      void router.shards
        .get(shard)
        .then((found) => found.command(database, kill))
        .catch(() => undefined);
  }
}
