/** Commands that every owner of a part of the collection carries out, and how their replies become one. */
import { type Document, serialize } from 'bson';
import type { Router } from '../context.ts';
import { CODE, Refusal } from '../errors.ts';
import { callParticipant, messageFor, ONCE, REPEATABLE, readOptions, withRoute } from '../execute.ts';
import { documentAt } from '../shards/command-client.ts';
import { shardsFor } from '../targeting.ts';
import { objectReply, type Reply } from '../wire/reply.ts';
import { namespaceOf, parseRequest, type Request } from '../wire/request.ts';
import { BODY_START, messageOf } from '../wire/wire.ts';
import { registerCursor } from './cursor-reply.ts';
import { routeForWrite } from './databases.ts';

interface ShardReply {
  readonly shard: string;
  readonly reply: Reply;
}

/** The replies of all shards that the query can match on; none if the database does not exist. */
async function fromShards(router: Router, request: Request, isRead: boolean): Promise<ShardReply[]> {
  const transaction = router.transactions.of(request);
  return withRoute(router, request, { isRead, transaction }, async (known) => {
    const route = known ?? (isRead ? undefined : await routeForWrite(router, request));
    if (!route) return [];
    const query = request.fields.get('query');
    const shards = shardsFor(route, request.message, query?.value, request.fields.has('collation'));
    return Promise.all(
      shards.map(async (shard) => {
        const message = messageFor(request, route, shard, transaction);
        return { shard, reply: await callParticipant(router, shard, message, transaction, isRead ? readOptions(request) : ONCE) };
      }),
    );
  });
}

function objectOf({ reply }: ShardReply): Document {
  return documentAt(reply.message, BODY_START);
}

export async function count(router: Router, request: Request): Promise<Buffer> {
  const { fields } = request;
  if (fields.has('skip') || fields.has('limit')) return limitedCount(router, request);
  const replies = await fromShards(router, request, true);
  return objectReply({ n: replies.reduce((sum, reply) => sum + Number(objectOf(reply).n), 0) });
}

/** A limit holds for the sum, so each shard counts as if there were no skip, up to both. */
async function limitedCount(router: Router, request: Request): Promise<Buffer> {
  const { skip = 0, limit = 0, ...command } = documentAt(request.message, request.bodyStart);
  const replies = await fromShards(router, reparsed(request, command), true);
  const total = replies.reduce((sum, reply) => sum + Number(objectOf(reply).n), 0);
  const left = Math.max(0, total - Number(skip));
  return objectReply({ n: Number(limit) > 0 ? Math.min(left, Number(limit)) : left });
}

function reparsed(request: Request, command: Document): Request {
  return parseRequest(messageOf(serialize(command), request.requestId, 0));
}

export async function distinct(router: Router, request: Request): Promise<Buffer> {
  const replies = await fromShards(router, request, true);
  const values = new Map<string, unknown>();
  for (const reply of replies) {
    for (const value of objectOf(reply).values) values.set(Buffer.from(serialize({ value })).toString('latin1'), value);
  }
  return objectReply({ values: [...values.values()] });
}

export async function createIndexes(router: Router, request: Request): Promise<Buffer> {
  const replies = await fromShards(router, request, false);
  return firstReply(replies);
}

/** A shard that lacks the index (27) or the collection (26) has nothing to drop. */
export async function dropIndexes(router: Router, request: Request): Promise<Buffer> {
  return firstReply(await fromShards(router, request, false));
}

export async function listIndexes(router: Router, request: Request): Promise<Buffer> {
  const transaction = router.transactions.of(request);
  return withRoute(router, request, { isRead: true, transaction }, async (route) => {
    const shard = route?.owners[0] ?? route?.shards[0];
    if (!route || shard === undefined) throw new Refusal(CODE.namespaceNotFound, `ns does not exist: ${namespaceOf(request)}`);
    const reply = await callParticipant(router, shard, messageFor(request, route, shard, transaction), transaction, REPEATABLE);
    registerCursor(router, shard, reply);
    return reply.message;
  });
}

/** Sums over the shards, and each shard's own figures under `shards`. */
export async function collStats(router: Router, request: Request): Promise<Buffer> {
  const replies = await fromShards(router, request, true);
  const shards = Object.fromEntries(replies.map((reply) => [reply.shard, objectOf(reply)]));
  const all = Object.values(shards);
  const sum = (field: string) => all.reduce((total, stats) => total + Number(stats[field] ?? 0), 0);
  const [first] = all;
  const isSharded = (await router.routing.collection(namespaceOf(request)))?.isSharded === true;
  const sums = { count: sum('count'), size: sum('size'), storageSize: sum('storageSize'), totalIndexSize: sum('totalIndexSize') };
  const avgObjSize = sums.count > 0 ? sums.size / sums.count : 0;
  return objectReply({ ns: namespaceOf(request), sharded: isSharded, ...sums, avgObjSize, nindexes: first?.nindexes ?? 0, shards });
}

function firstReply(replies: readonly ShardReply[]): Buffer {
  const [first] = replies;
  return first ? first.reply.message : objectReply({});
}
