/** `getMore` and `killCursors`: to the member that holds the cursor, or to our own merged cursor. */
import { Long, serialize } from 'bson';
import type { Router } from '../context.ts';
import type { CursorHome } from '../cursor-table.ts';
import { CODE, isStaleCode, Refusal, ShardError } from '../errors.ts';
import type { Fetch, MergedCursor, Source } from '../merged-cursor.ts';
import { rewrite } from '../rewrite.ts';
import { type Element, elementsOf, numberIn, renamed, TYPE } from '../wire/bson-bytes.ts';
import { errorCodeOf, isOk, objectReply, parseReply, type Reply } from '../wire/reply.ts';
import type { Request } from '../wire/request.ts';
import { messageOf } from '../wire/wire.ts';
import { closeStream, nextOfStream } from './change-stream.ts';
import { batchReply, cursorIn } from './cursor-reply.ts';

const NEXT_BATCH = 1_000;

export async function getMore(router: Router, request: Request): Promise<Buffer> {
  const id = cursorIdOf(request);
  const home = router.cursors.get(id);
  if (!home) throw new Refusal(CODE.cursorNotFound, `cursor id ${id} not found`);
  if (home.kind === 'merged') return nextOfMerged(router, request, id, home.cursor);
  if (home.kind === 'stream') return nextOfStream(router, request, id, home.stream);
  const message = home.isCluster ? rewrite(request, { rename: 'clusterGetMore', drop: ['txnNumber', 'autocommit'] }) : request.message;
  const reply = await callHome(router, home.shard, home.address, message);
  if (!isOk(reply) || cursorIn(reply).id === 0n) router.cursors.delete(id);
  else router.cursors.set(id, home);
  return reply.message;
}

function cursorIdOf({ message, fields }: Request): bigint {
  const id = fields.get('getMore');
  if (id?.type === TYPE.long) return message.readBigInt64LE(id.value);
  return BigInt(Math.trunc(numberIn(message, id) ?? 0));
}

async function callHome(router: Router, shardId: string, address: string, message: Buffer): Promise<Reply> {
  const shard = await router.shards.get(shardId);
  return parseReply(await shard.callMember(address, message), address);
}

async function nextOfMerged(router: Router, request: Request, id: bigint, cursor: MergedCursor): Promise<Buffer> {
  const count = numberIn(request.message, request.fields.get('batchSize')) ?? NEXT_BATCH;
  const batch = await cursor.next(count, fetcher(router, request));
  if (cursor.isDone) {
    router.cursors.delete(id);
    killSources(router, request, cursor.sources);
  } else {
    router.cursors.set(id, { kind: 'merged', cursor });
  }
  return batchReply(batch, { field: 'nextBatch', id: cursor.isDone ? 0n : id, namespace: cursor.namespace });
}

/** Asks a source's shard for more, in the session (and transaction) of the request. */
export function fetcher(router: Router, request: Request): Fetch {
  return async (source) => {
    const message = getMoreMessage(request, source.id);
    const reply = await callHome(router, source.shard, source.address, message);
    if (!isOk(reply)) {
      source.id = 0n;
      if (isStaleCode(errorCodeOf(reply))) throw new Refusal(CODE.cursorNotFound, 'the collection moved under the cursor');
      throw new ShardError(reply);
    }
    const { id, documents } = cursorIn(reply);
    source.id = id;
    source.documents = documents();
  };
}

const KEPT = new Set(['lsid', 'txnNumber', 'autocommit', '$db', '$clusterTime']);

const KEPT_OF_GET_MORE = new Set(['collection', 'batchSize']);

function getMoreMessage(request: Request, id: bigint): Buffer {
  const { fields, message } = request;
  const value = Buffer.alloc(8);
  value.writeBigInt64LE(id);
  const first = renamed(value, { type: TYPE.long, start: 0, value: 0, end: 8 }, 'getMore');
  const isFind = request.name !== 'getMore';
  const collection = isFind ? [renamed(message, fields.get(request.name) as Element, 'collection')] : [];
  const drop = [...fields.keys()].slice(1).filter((name) => !KEPT.has(name) && (isFind || !KEPT_OF_GET_MORE.has(name)));
  return rewrite(request, { first, drop, append: collection });
}

/** Closes what is still open at the shards; nobody waits for it. */
export function killSources(router: Router, request: Request, sources: readonly Source[]): void {
  for (const { shard, address, id } of sources) {
    if (id !== 0n) void kill(router, request, shard, address, id).catch(() => undefined);
  }
}

async function kill(router: Router, request: Request, shardId: string, address: string, id: bigint): Promise<void> {
  const { fields, message } = request;
  const lsid = fields.get('lsid');
  const body = serialize({ killCursors: collectionOf(request), cursors: [Long.fromBigInt(id)], $db: request.database });
  const withSession = lsid ? rewriteWith(body, message.subarray(lsid.start, lsid.end)) : body;
  await callHome(router, shardId, address, messageOf(withSession, 0, 0));
}

function rewriteWith(body: Uint8Array, element: Uint8Array): Buffer {
  const out = Buffer.concat([body.subarray(0, body.length - 1), element, Buffer.from([0])]);
  out.writeInt32LE(out.length, 0);
  return out;
}

function collectionOf({ name, target, fields, message }: Request): string {
  if (name !== 'getMore') return target;
  const collection = fields.get('collection');
  return collection ? message.toString('utf8', collection.value + 4, collection.end - 1) : '';
}

/** Cursors of cluster* commands can't be killed: they are forgotten here and expire there. */
export async function killCursors(router: Router, request: Request): Promise<Buffer> {
  const ids: bigint[] = [];
  const list = request.fields.get('cursors');
  if (list) for (const element of elementsOf(request.message, list.value)) ids.push(request.message.readBigInt64LE(element.value));
  const killed: Long[] = [];
  const notFound: Long[] = [];
  for (const id of ids) {
    const home = router.cursors.get(id);
    router.cursors.delete(id);
    (home ? killed : notFound).push(Long.fromBigInt(id));
    if (home) killHome(router, request, home, id);
  }
  return objectReply({ cursorsKilled: killed, cursorsNotFound: notFound, cursorsAlive: [], cursorsUnknown: [] });
}

function killHome(router: Router, request: Request, home: CursorHome, id: bigint): void {
  if (home.kind === 'merged') killSources(router, request, home.cursor.sources);
  else if (home.kind === 'stream') closeStream(router, request.database, home.stream);
  else if (!home.isCluster) killSources(router, request, [{ shard: home.shard, address: home.address, id, documents: [] }]);
}
